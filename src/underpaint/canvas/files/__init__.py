"""Layered files, one format a module: `ora` (OpenRaster: Krita, MyPaint, GIMP) and `psd` (Photoshop and all)."""
