/** Reads a task's log as a stream of events to its end, and calls at each text. */
export async function readFrames(
  address: string,
  id: string,
  headers = {},
  onText = (_text: string) => {},
  query = ''
) {
  const response = await fetch(`${address}/api/tasks/${id}/log${query}`, {
    headers: { accept: 'text/event-stream', ...headers }
  })
  const ids: string[] = []
  let [text, rest, ended] = ['', '', false]
  const body = response.body ?? new Blob([]).stream()
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    rest += chunk
    const frames = rest.split('\n\n')
    rest = frames.pop()!
    for (const frame of frames) {
      ended ||= frame.includes('\nevent: end')
      const id = /^id: (.*)$/m.exec(frame)?.[1]
      if (!id) continue
      ids.push(id)
      if (ended) continue
      const more = JSON.parse(/^data: (.*)$/m.exec(frame)![1]!).text
      text += more
      onText(more)
    }
  }
  return { ids, text, ended, type: response.headers.get('content-type'), status: response.status }
}
