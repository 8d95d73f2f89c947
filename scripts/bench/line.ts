import { once } from 'node:events'
import { connect } from 'node:net'

/** One open connection that asks one thing after the other: `fetch` alone adds a millisecond to what is measured. */
export async function openLine(address: string) {
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname).setNoDelay().setEncoding('utf8')
  await once(socket, 'connect')
  return {
    /** The answer's JSON. */
    async ask<T>(question: Buffer): Promise<T> {
      socket.write(question)
      const [answer] = (await once(socket, 'data')) as [string]
      return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as T
    },
    close: () => socket.destroy()
  }
}

/** Asks the same so many times a second, evenly, without waiting for answers. */
export function askEvenly(address: string, rate: number, question: Buffer) {
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname).setNoDelay().resume()
  const begun = performance.now()
  const seconds = () => (performance.now() - begun) / 1000
  let sent = 0
  const timer = setInterval(() => {
    for (; sent < seconds() * rate; sent++) socket.write(question)
  }, 1)
  return {
    stop() {
      clearInterval(timer)
      socket.destroy()
      console.log(`  ${sent} others in ${seconds().toFixed(0)} s`)
    }
  }
}
