import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { paging } from '../task/table.ts'

const operation = { name: 'OPERATION', about: 'id of the operation' }

export const bulkGroup: Group = {
  name: 'bulk',
  about: 'acts on all tasks that match a filter, which "task retry --where" and its kin begin',
  commands: [
    client({
      name: 'list',
      about: 'operations, newest first',
      options: { ...paging, watch },
      run: async (service, { values }) => (await import('./list.ts')).listOperations(service, values)
    }),
    client({
      name: 'show',
      about: 'an operation: its filter, what is done, what was left and why',
      operands: [operation],
      options: {},
      run: async (service, { operands: [id], values }) =>
        (await import('./list.ts')).showOperation(service, id!, values)
    }),
    client({
      name: 'abort',
      about: 'stop an operation behind its batch; what is done stays done',
      operands: [operation],
      options: {},
      run: async (service, { operands: [id], values }) =>
        (await import('./steer.ts')).abortOperation(service, id!, values)
    }),
    client({
      name: 'undo',
      about: 'bring back the tasks of an operation that have not moved on',
      operands: [operation],
      options: {},
      run: async (service, { operands: [id], values }) =>
        (await import('./steer.ts')).undoOperation(service, id!, values)
    })
  ]
}
