// Every kind of call of npm's stable-diffusion-api; prints what came back as JSON.
const [folder, port, user, password] = process.argv.slice(2)
const load = (name) => require(`${folder}/node_modules/${name}`)

let sharp
try {
  sharp = load('sharp')
} catch (error) {
  console.error(`sharp: ${error.message}`)
  process.exit(9)
}
const { default: StableDiffusionApi, ControlNetUnit } = load('stable-diffusion-api')
const sizes = (result) => Promise.all(result.images.map(async (one) => {
  const { width, height } = await sharp(await one.png().toBuffer()).metadata()
  return [width, height]
}))

async function main () {
  const api = new StableDiffusionApi({ host: '127.0.0.1', port: Number(port), timeout: 200000, defaultStepCount: 2 })
  api.setAuth(user, password)
  const [scene, large, mask] = ['scene', 'large', 'mask'].map((name) => sharp(`${name}.png`))
  const asked = { prompt: 'a house by the sea', seed: 5, steps: 2, width: 64, height: 64 }
  const painted = await api.txt2img(asked)
  const info = JSON.parse(painted.info)
  const models = await api.ControlNet.getModels()
  const unit = new ControlNetUnit({ input_image: large, module: 'canny', model: models[0] })
  const long = api.txt2img({ ...asked, steps: 1000 })
  let going = 0
  while (going < 2) going = (await api.getProgress()).state.sampling_step
  const interrupt = (await api.api.post('/sdapi/v1/interrupt')).data
  await long
  const said = {
    txt2img: await sizes(painted),
    infotext: info.infotexts[0],
    pngInfo: (await api.pngInfo(sharp(Buffer.from(painted.response.data.images[0], 'base64')).withMetadata())).info,
    img2img: await sizes(await api.img2img({ ...asked, init_images: [scene], mask_image: mask, mask, mask_blur: 2 })),
    steered: await sizes(await api.txt2img({ ...asked, controlnet_units: [unit] })),
    detected: await sizes(await api.ControlNet.detect({ controlnet_input_images: [large], controlnet_module: 'canny' })),
    single: await sizes(await api.extraSingle({ image: scene, upscaler_1: 'Lanczos', upscaling_resize: 0.75 })),
    batch: await sizes(await api.extraBatch({ images: [scene, scene], name_list: ['a', 'b'], upscaler_1: 'None' })),
    progress: (await api.getProgress()).progress,
    model: await api.getCurrentModel(),
    modules: await api.ControlNet.getModules(),
    lists: (await Promise.all([api.getSamplers(), api.getUpscalers(), api.getSdModels(), api.getCmdFlags(),
      api.getHypernetworks(), api.getFaceRestorers(), api.getRealesrganModels(), api.getPromptStyles(),
      api.refreshCheckpoints(), api.setOptions({ CLIP_stop_at_last_layers: 1 })])).length === 10,
    interrupt
  }
  console.log(JSON.stringify(said))
}

main().catch((error) => {
  console.error(error.response ? JSON.stringify(error.response.data) : error)
  process.exit(1)
})
