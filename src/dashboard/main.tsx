import { render } from 'preact'
import { App } from './frame/app.tsx'
import { listenForKeys } from './frame/keys.ts'
import './state/service/live.ts'
import { showTheme } from './state/browser/settings.ts'

showTheme()
listenForKeys()
render(<App />, document.getElementById('app')!)
