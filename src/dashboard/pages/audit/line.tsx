import { useState } from 'preact/hooks'
import { href, withQuery } from '../../state/browser/route.ts'
import type { AuditLine } from '../../state/service/shapes.ts'
import { CopyButton } from '../../ui/copy.tsx'
import { Json } from '../../ui/json.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago, At } from '../../ui/time.tsx'
import { actorText, targetText } from '../../words/audit.ts'
import { shortId } from '../../words/number.ts'
import { roomOf } from '../../words/rooms.ts'

const filter = (parameter: string, value: string) => href(withQuery({ [parameter]: value, cursor: undefined }))

/** One act; the rest of what is known of it below. */
export function Line({ line }: { line: AuditLine }) {
  const [open, setOpen] = useState(false)
  const { actor } = line
  return (
    <>
      <tr>
        <td>
          <button type="button" class="opens" aria-expanded={open} onClick={() => setOpen(!open)}>
            {line.action}
            <span class="only-heard"> {shortId(line.id)}</span>
          </button>
        </td>
        <td>
          <a class="cut-off narrow" href={filter('actor', actor.name ?? actor.id ?? actor.kind)}>
            {actorText(actor)}
          </a>
        </td>
        <td>
          <Target target={line.target} />
        </td>
        <td>
          <Word word={line.outcome} />
        </td>
        <td class="soft mono">{line.ip ?? '–'}</td>
        <td>
          <Ago time={line.at} />
        </td>
      </tr>
      {open && (
        <tr>
          <td class="wraps" colSpan={6}>
            <Details line={line} />
          </td>
        </tr>
      )}
    </>
  )
}

function Target({ target }: { target: AuditLine['target'] }) {
  const { type, id } = target
  return (
    <a
      class="cut-off narrow"
      href={filter('target', id === null ? type : `${type}:${id}`)}
      title={targetText(target)}
      aria-label={targetText(target)}
    >
      {type} {id !== null && <b>{id.length === 36 ? shortId(id) : id}</b>}
    </a>
  )
}

function Details({ line: { at, actor, target, request_id, detail } }: { line: AuditLine }) {
  const room = target.id === null ? undefined : roomOf(target.type, target.id)
  return (
    <div class="opened">
      <dl class="facts">
        <dt>When</dt>
        <dd>
          <At time={at} />
        </dd>
        <dt>Who</dt>
        <dd>
          {actorText(actor)}
          {actor.id !== null && (
            <span class="soft">
              {' '}
              {actor.kind} {actor.id}
            </span>
          )}
        </dd>
        <dt>To what</dt>
        <dd>{room ? <a href={href(room)}>{targetText(target)}</a> : targetText(target)}</dd>
        <dt>Request</dt>
        <dd>
          {request_id === null ? (
            <span class="soft">not by HTTP</span>
          ) : (
            <>
              <span class="mono">{request_id}</span> <CopyButton text={request_id} label="Copy the id of the request" />
            </>
          )}
        </dd>
      </dl>
      {Object.keys(detail).length > 0 && <Json value={detail} label="detail" />}
    </div>
  )
}
