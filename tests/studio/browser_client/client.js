// A small client as people write them: a page from elsewhere that asks A1111's API with a name and a password.
const [port, user, password] = location.hash.slice(1).split(',').map(decodeURIComponent)
const small = { width: 64, height: 64, steps: 2, seed: 5, prompt: 'a house by the sea' }

async function ask (path, fields) {
  const answer = await fetch(`http://127.0.0.1:${port}/${path}`, {
    method: fields ? 'POST' : 'GET',
    headers: { 'Content-Type': 'application/json', Authorization: `Basic ${btoa(`${user}:${password}`)}` },
    body: fields && JSON.stringify(fields)
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

function show (data) {
  return new Promise((resolve, reject) => {
    const image = new Image()
    image.onload = () => resolve([image.naturalWidth, image.naturalHeight])
    image.onerror = () => reject(new Error('a picture that no browser shows'))
    image.src = `data:image/png;base64,${data}`
    document.body.append(image)
  })
}

function drawn (paint) {
  const canvas = document.getElementById('scene')
  const brush = canvas.getContext('2d')
  brush.fillStyle = 'black'
  brush.fillRect(0, 0, 64, 64)
  paint(brush)
  return canvas.toDataURL('image/png')
}

async function main () {
  const scene = drawn((brush) => {
    brush.fillStyle = 'steelblue'
    brush.fillRect(0, 0, 64, 40)
    brush.fillStyle = 'brown'
    brush.fillRect(16, 20, 32, 34)
  })
  const mask = drawn((brush) => {
    brush.fillStyle = 'white'
    brush.fillRect(20, 20, 24, 24)
  })
  const said = {}
  const painted = await ask('sdapi/v1/txt2img', small)
  said.txt2img = await show(painted.images[0])
  const over = await ask('sdapi/v1/img2img', { ...small, init_images: [scene], mask, inpaint_full_res: false })
  said.img2img = await show(over.images[0])
  const larger = await ask('sdapi/v1/extra-single-image', { image: scene, upscaler_1: 'Lanczos' })
  said.extras = await show(larger.image)
  const unit = { image: scene, module: 'canny', model: (await ask('controlnet/model_list')).model_list[0] }
  const steered = await ask('sdapi/v1/txt2img', { ...small, alwayson_scripts: { controlnet: { args: [unit] } } })
  said.controlnet = await Promise.all(steered.images.map(show))
  const long = ask('sdapi/v1/txt2img', { ...small, steps: 1000 })
  let going
  do going = await ask('sdapi/v1/progress'); while (going.state.sampling_step < 2)
  said.progress = going.progress
  await ask('sdapi/v1/interrupt', {})
  said.stopped = JSON.parse((await long).info).infotexts.length === 0
  return said
}

main().then((said) => ['done', said], (error) => ['failed', String(error)]).then(([state, said]) => {
  document.getElementById('said').textContent = JSON.stringify(said)
  document.body.dataset.state = state
})
