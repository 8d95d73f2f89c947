/** What `import … from 'darkroom'` gives to a task module. */
export { type Context, defineTask, GiveUp, RetryLater } from '#tasks/define.ts'
