import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import { go, href } from '../../state/browser/route.ts'
import { addressOf, serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import { lacks } from '../../state/service/session.ts'
import type { Video } from '../../state/service/shapes.ts'
import { AuditLink } from '../../ui/audit-link.tsx'
import { Button } from '../../ui/button.tsx'
import { Rungs } from '../../ui/charts/rungs.tsx'
import { CopyAs, CopyButton } from '../../ui/copy.tsx'
import { Json } from '../../ui/json.tsx'
import { Page } from '../../ui/page.tsx'
import { Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago, At } from '../../ui/time.tsx'
import { commandText, curlText, sqlText } from '../../words/copy.ts'
import { doneTo, languageText, notesOf, sourceText } from '../../words/films/film.ts'
import { bitrateText, bytesText, percentText } from '../../words/number.ts'
import { Making } from './making.tsx'
import { isPlayable, Player } from './player.tsx'
import { ShareButton } from './share.tsx'
import { Visibility } from './visibility.tsx'

export function VideoPage({ id }: { id: string }) {
  const path = `/api/videos/${encodeURIComponent(id)}`
  const found = useQuery<Video>(path, 2)
  const video = found.data.value
  if (!video) {
    return (
      <Page title="Film" busy={!found.error.value}>
        <Refused query={found} />
        {!found.error.value && <Waiting />}
      </Page>
    )
  }
  const open = video.status === 'uploaded' || video.status === 'processing'
  return (
    <Page title={video.filename} actions={<Acts video={video} path={path} open={open} />}>
      <p class="task-status">
        <Word word={video.status} progress={video.progress} />
        <span class="soft number">{bytesText(video.bytes)}</span>
        <span class="soft">
          uploaded <Ago time={video.created_at} />
        </span>
      </p>
      {video.error && (
        <div class="error-said">
          <b>{video.error.type}</b>
          {video.error.message}
        </div>
      )}
      {open && (
        <div class="task-progress">
          <Rungs video={video} />
          <span class="soft number">{video.progress === null ? '' : percentText(video.progress)}</span>
          {video.status === 'processing' && <Making key={video.task_id} task={video.task_id} />}
        </div>
      )}
      <div class="film-page">
        <div>
          {isPlayable(video) && <Player video={video} />}
          <Prints video={video} path={path} />
          {video.probe !== null && (
            <details class="section">
              <summary>What was found in the original</summary>
              <Json value={video.probe} label="probe" />
            </details>
          )}
        </div>
        <section class="task-side" aria-label="Facts">
          <Facts video={video} />
        </section>
      </div>
    </Page>
  )
}

interface ActsProps {
  video: Video
  path: string
  /** Its prints are made. */
  open: boolean
}

function Acts({ video, path, open }: ActsProps) {
  return (
    <>
      <Button icon="retry" needs="processVideo" disabled={open} onClick={() => again(video)}>
        Make prints again
      </Button>
      <ShareButton video={video} />
      <Original path={path} />
      <Button icon="trash" needs="deleteVideo" onClick={() => remove(video)}>
        Delete
      </Button>
      <CopyAs
        curl={curlText(serviceAddress, 'GET', path)}
        cli={commandText(`video show ${video.id}`)}
        sql={`select * from ops.videos where id = ${sqlText(video.id)};`}
      />
    </>
  )
}

function Original({ path }: { path: string }) {
  if (lacks('original')) return <Button needs="original">Original</Button>
  return (
    <a class="button" href={addressOf(`${path}/files/original`)} download>
      Original
    </a>
  )
}

function Facts({ video }: { video: Video }) {
  return (
    <dl class="facts">
      <dt>Id</dt>
      <dd>
        <span class="mono">{video.id}</span> <CopyButton text={video.id} label="Copy id" />
      </dd>
      <dt>File</dt>
      <dd>{video.filename}</dd>
      <dt>Uploaded</dt>
      <dd>
        <At time={video.created_at} />
      </dd>
      {video.ready_at && (
        <>
          <dt>Ready</dt>
          <dd>
            <At time={video.ready_at} />
          </dd>
        </>
      )}
      <Source video={video} />
      <dt>Playback</dt>
      <dd>
        <Visibility video={video} />
      </dd>
      <dt>Task</dt>
      <dd>
        <a href={href(`/tasks/${video.task_id}`)}>the latest</a>
        {' · '}
        <a href={href(`/tasks?video_id=${video.id}`)}>all of this film</a>
      </dd>
      <dt>Audit</dt>
      <dd>
        <AuditLink type="video" id={video.id} />
      </dd>
      <dt>SHA-256</dt>
      <dd class="mono">{video.sha256}</dd>
    </dl>
  )
}

function Source({ video: { probe, subtitles } }: { video: Video }) {
  const [source, done, notes] = [sourceText(probe), doneTo(probe), notesOf(probe)]
  return (
    <>
      {source && (
        <>
          <dt>Original</dt>
          <dd>{source}</dd>
        </>
      )}
      {done.length > 0 && (
        <>
          <dt>Done to it</dt>
          <dd>{done.join(', ')}</dd>
        </>
      )}
      {subtitles.length > 0 && (
        <>
          <dt>Subtitles</dt>
          <dd>
            {subtitles.map(({ language, url }, at) => (
              <span key={url}>
                {at > 0 && ', '}
                <a href={addressOf(url)} download>
                  {languageText(language)}
                </a>
              </span>
            ))}
          </dd>
        </>
      )}
      {notes.length > 0 && (
        <>
          <dt>Left out</dt>
          <dd>
            {notes.map(note => (
              <p key={note}>{note}</p>
            ))}
          </dd>
        </>
      )}
    </>
  )
}

function Prints({ video, path }: { video: Video; path: string }) {
  const open = video.status === 'uploaded' || video.status === 'processing'
  return (
    <section class="section">
      <h2>Prints</h2>
      <div class="table-place" role="region" aria-label="Prints" tabIndex={0}>
        <table class="table">
          <thead>
            <tr>
              <th>Print</th>
              <th>Status</th>
              <th>Size</th>
              <th>Bytes</th>
              <th>Bitrate</th>
              <th>Codec</th>
              <th>
                <span class="only-heard">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {video.renditions.map(print => (
              <tr key={print.name}>
                <td>{print.name}</td>
                <td>
                  <Word word={print.status} progress={video.progress} />
                  {print.reason && <span class="soft"> {print.reason.replaceAll('_', ' ')}</span>}
                </td>
                <td class="number">{print.width ? `${print.width} × ${print.height}` : '–'}</td>
                <td class="number">{print.bytes === null ? '–' : bytesText(print.bytes)}</td>
                <td class="number">{print.bitrate === null ? '–' : bitrateText(print.bitrate)}</td>
                <td>{print.codec ?? '–'}</td>
                <td>
                  {print.url && !open && (
                    <span class="row-acts">
                      <a
                        href={addressOf(print.url)}
                        download={`${video.filename.replace(/\.\w+$/, '')} ${print.name}.mp4`}
                      >
                        Download
                      </a>
                      <CopyButton text={`${serviceAddress}${print.url}`} label={`Copy the address of ${print.name}`} />
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft">
        {path && video.renditions.length === 0 ? 'They are planned once the original was looked at.' : ''}
      </p>
    </section>
  )
}

function again(video: Video) {
  confirm({
    title: `Make the prints of ${video.filename} again?`,
    text: video.processed ? 'The prints that are there are served until the new ones are done.' : '',
    yes: 'Make prints again',
    needs: 'processVideo',
    act: () => act('A worker makes them again', 'POST', `/api/videos/${video.id}/process`)
  })
}

function remove(video: Video) {
  confirm({
    title: `Delete ${video.filename}?`,
    text: 'Its original, its prints and its rows are removed, and its tasks are cancelled. This cannot be undone.',
    yes: 'Delete film',
    needs: 'deleteVideo',
    danger: true,
    ...(video.status === 'ready' && { typed: video.filename.slice(0, 60) }),
    act: async () => {
      if (await act('The film is deleted', 'DELETE', `/api/videos/${video.id}`)) go('/videos')
    }
  })
}
