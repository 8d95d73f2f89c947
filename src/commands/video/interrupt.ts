/** Ctrl-C and SIGTERM, the first of which only tells; a second one ends the process at once. */
export function onInterrupt(act: () => void) {
  const interrupt = { happened: false, end }
  function hear() {
    interrupt.happened = true
    end()
    act()
  }
  function end() {
    process.off('SIGINT', hear)
    process.off('SIGTERM', hear)
  }
  process.on('SIGINT', hear)
  process.on('SIGTERM', hear)
  return interrupt
}
