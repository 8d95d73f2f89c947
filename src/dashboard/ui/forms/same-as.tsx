import { serviceAddress } from '../../state/service/base.ts'
import { callText, curlText } from '../../words/copy.ts'
import { CopyAs } from '../copy.tsx'

interface SameAsProps {
  method: string
  path: string
  body: object
  /** The function of `ops` that does the same. */
  sql: string
}

/** The request as one types. */
export function SameAs({ method, path, body, sql }: SameAsProps) {
  const curl = curlText(serviceAddress, method, path, body)
  return (
    <section class="card">
      <div class="card-head">
        <h2>The same as curl</h2>
        <CopyAs curl={curl} sql={callText(sql, { ...body })} />
      </div>
      <pre>{curl}</pre>
    </section>
  )
}
