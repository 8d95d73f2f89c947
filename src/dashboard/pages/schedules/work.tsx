import type { ApiError } from '../../state/service/api.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Kind } from '../../state/service/shapes.ts'
import { Args } from '../../ui/forms/args.tsx'
import { KindField } from '../../ui/forms/kind-field.tsx'
import type { PartProps } from './timing.tsx'

/** What its tasks do. */
export function Work({ draft, change, said, error }: PartProps & { error: ApiError | undefined }) {
  const kinds = useQuery<{ items: Kind[] }>('/api/kinds').data.value?.items ?? []
  const kind = kinds.find(({ name }) => name === draft.task)
  return (
    <>
      <KindField kinds={kinds} task={draft.task} choose={task => change({ task, args: {} })} wrong={said('task')} />
      {kind && (
        <Args
          key={kind.name}
          schema={kind.args}
          args={draft.args ?? {}}
          error={error}
          onChange={args => change({ args })}
        />
      )}
    </>
  )
}
