import type { Service } from '../service/service.ts'
import { follow } from './follow.ts'

/** Waits for the end of the batch that is being written. */
export async function abortOperation(service: Service, id: string, { json }: { json?: boolean }) {
  await service.request('POST', `${pathOf(id)}/abort`)
  await follow(service, { id }, { json })
}

export async function undoOperation(service: Service, id: string, { json }: { json?: boolean }) {
  const undo = await service.request<{ id: string }>('POST', `${pathOf(id)}/undo`)
  return follow(service, undo, { json })
}

function pathOf(id: string) {
  return `api/bulk-operations/${encodeURIComponent(id)}`
}
