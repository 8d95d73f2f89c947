import { act } from '../../state/acts/act.ts'
import { go, href, query, withQuery } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Delivery, Page, Webhook } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Json } from '../../ui/json.tsx'
import { Paging } from '../../ui/paging.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Segments } from '../../ui/segments.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago, At } from '../../ui/time.tsx'
import { shortId } from '../../words/number.ts'
import { answerText } from '../../words/webhook.ts'
import { pathOf } from './act.tsx'

/** What was sent, what came of it, and what is tried again. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const status = query.value.get('status') ?? undefined
  const cursor = query.value.get('cursor') ?? undefined
  const asked = new URLSearchParams({ limit: '50', ...(status && { status }), ...(cursor && { cursor }) })
  const found = useQuery<Page<Delivery>>(`${pathOf(webhook)}/deliveries?${asked}`, cursor ? 30 : 3)
  const page = found.data.value
  return (
    <section class="section" aria-busy={!page && !found.error.value}>
      <div class="section-head">
        <h2>Messages</h2>
        <Segments label="Messages of a status" parameter="status" values={['failed', 'pending', 'delivered']} />
      </div>
      <Refused query={found} />
      {!page && !found.error.value && <Waiting />}
      {page?.items.length === 0 && (
        <Empty title={status ? `No message is ${status}` : 'Nothing was sent yet'}>
          {!status && <p>Send a test to see whether the receiver hears it.</p>}
        </Empty>
      )}
      {page && page.items.length > 0 && (
        <div class="table-place" role="region" aria-label="Messages" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th>Message</th>
                <th>About</th>
                <th>Status</th>
                <th>Answer</th>
                <th>When</th>
                <th>
                  <span class="only-heard">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {page.items.map(one => (
                <Message key={one.id} webhook={webhook} message={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Paging page={page} />
    </section>
  )
}

function Message({ webhook, message }: { webhook: Webhook; message: Delivery }) {
  const open = query.value.get('message') === message.id
  const again = () =>
    act('It is sent again', 'POST', `${pathOf(webhook)}/replay`, { body: { message: message.id, only: 'all' } })
  const count = message.attempts[0]?.number ?? 0
  return (
    <>
      <tr>
        <td>
          <button
            type="button"
            class="opens"
            aria-expanded={open}
            onClick={() => go(withQuery({ message: open ? undefined : message.id }), { replace: true })}
          >
            {message.type}
            <span class="only-heard"> {shortId(message.id)}</span>
          </button>
        </td>
        <td>
          <About message={message} />
        </td>
        <td>
          <Word word={message.status} />
          {message.next_at && (
            <span class="soft">
              {' '}
              {count > 0 && `try ${count + 1} `}
              <Ago time={message.next_at} />
            </span>
          )}
        </td>
        <td class="soft answer">{answerText(message)}</td>
        <td>
          <Ago time={message.created_at} />
        </td>
        <td>
          {message.status !== 'pending' && (
            <Button
              icon="retry"
              look="quiet"
              label={`Replay ${shortId(message.id)}`}
              title="Replay"
              needs="replayWebhook"
              onClick={again}
            />
          )}
        </td>
      </tr>
      {open && (
        <tr>
          <td class="wraps" colSpan={6}>
            <Opened message={message} />
          </td>
        </tr>
      )}
    </>
  )
}

function About({ message: { task_id, video_id } }: { message: Delivery }) {
  if (task_id) return <a href={href(`/tasks/${task_id}`)}>task {shortId(task_id)}</a>
  if (video_id) return <a href={href(`/videos/${video_id}`)}>film {shortId(video_id)}</a>
  return <span class="soft">–</span>
}

function Opened({ message }: { message: Delivery }) {
  return (
    <div class="opened">
      <p class="mono">{message.id}</p>
      <Json value={message.data} label="data" />
      {message.attempts.length === 0 && <p class="soft">It was not tried yet.</p>}
      <ol class="tries" aria-label="Attempts">
        {message.attempts.map(({ number, at, ms, status, error, answer }) => (
          <li key={number}>
            <p>
              Attempt {number}, <At time={at} />, {ms} ms: <b>{status ?? 'no answer'}</b>
              {error && <span class="bad"> {error}</span>}
            </p>
            {answer && <pre>{answer}</pre>}
          </li>
        ))}
      </ol>
    </div>
  )
}
