import { href } from '../../state/browser/route.ts'
import { changeSetting, readSetting, type Settings } from '../../state/browser/settings.ts'
import { addressOf, serviceAddress } from '../../state/service/base.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { helpOpen } from '../../ui/overlays/help.tsx'
import { Page } from '../../ui/page.tsx'
import { curlText } from '../../words/copy.ts'
import { AboutCard } from './about.tsx'
import { SessionCard } from './session.tsx'

export function SettingsPage() {
  return (
    <Page
      title="Settings"
      actions={
        <CopyAs
          curl={curlText(serviceAddress, 'GET', '/api/about')}
          sql={'select version();\nselect * from ops.sizes;'}
        />
      }
    >
      <p class="soft form-note">They are kept in this browser.</p>
      <div class="form">
        <Choice name="theme" label="Theme" choices={{ system: 'As the system', light: 'Light', dark: 'Dark' }} />
        <Choice
          name="zone"
          label="Times"
          choices={{ browser: `This browser's zone (${Intl.DateTimeFormat().resolvedOptions().timeZone})`, UTC: 'UTC' }}
        />
        <Choice name="rows" label="Rows" choices={{ compact: 'Compact', usual: 'Usual', comfortable: 'Comfortable' }} />
        <Flag name="keys" label="Single letters are keys" />
        <Flag name="hide" label="Hide args and results, for a shared screen" />
        <Flag name="live" label="Update what is shown" />
        <div class="buttons section">
          <Button icon="keyboard" onClick={() => helpOpen(true)}>
            Keys
          </Button>
          <a class="button" href={addressOf('/docs')}>
            API documentation
          </a>
          <a class="button" href={href('/doctor')}>
            Doctor
          </a>
        </div>
      </div>
      <SessionCard />
      <AboutCard />
    </Page>
  )
}

function Choice<Name extends 'theme' | 'zone' | 'rows'>({
  name,
  label,
  choices
}: {
  name: Name
  label: string
  choices: Record<Settings[Name], string>
}) {
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div class="buttons">
        {Object.entries<string>(choices).map(([value, text]) => (
          <Button
            key={value}
            pressed={readSetting(name) === value}
            onClick={() => changeSetting(name, value as Settings[Name])}
          >
            {text}
          </Button>
        ))}
      </div>
    </fieldset>
  )
}

function Flag({ name, label }: { name: 'keys' | 'hide' | 'live'; label: string }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={readSetting(name)}
        onChange={event => changeSetting(name, event.currentTarget.checked)}
      />
      {label}
    </label>
  )
}
