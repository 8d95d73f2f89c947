import { effect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { notice } from '../state/acts/act.ts'
import { path } from '../state/browser/route.ts'
import { pageTitle } from '../state/browser/title.ts'
import { useQuery } from '../state/service/query.ts'
import { useSession } from '../state/service/session.ts'
import type { Problem } from '../state/service/shapes.ts'
import { Confirm } from '../ui/overlays/confirm.tsx'
import { Help } from '../ui/overlays/help.tsx'
import { Palette } from '../ui/overlays/palette.tsx'
import { moodOf, titleOf } from '../words/verdict.ts'
import { Bar } from './bar.tsx'
import { Barred, useBarred } from './barred.tsx'
import { Batches } from './batches.tsx'
import { showFavicon } from './favicon.ts'
import { Nav } from './nav.tsx'
import { Operations } from './operations.tsx'
import { Routes } from './routes.tsx'
import { SignIn } from './sign-in.tsx'
import { Tray } from './tray.tsx'

export function App() {
  useSession()
  const problems = useQuery<{ items: Problem[] }>('/api/problems', 5)
  const refused = useBarred(problems)
  useEffect(
    () =>
      effect(() => {
        document.title = titleOf(pageTitle.value, problems.data.value?.items)
        showFavicon(moodOf(problems.data.value?.items))
      }),
    [problems]
  )

  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Bar problems={problems.data.value?.items} />
      <Nav />
      <div class="content" key={path.value.split('/')[1]}>
        {refused ? <Barred error={refused} query={problems} /> : <Routes />}
      </div>
      <div class="notice-place" role="status" aria-live="polite">
        {notice.value && <div class={`notice${notice.value.bad ? ' bad' : ''}`}>{notice.value.text}</div>}
      </div>
      <div class="trays">
        <Operations />
        <Batches />
        <Tray />
      </div>
      <Confirm />
      <Palette />
      <Help />
      <SignIn />
    </>
  )
}
