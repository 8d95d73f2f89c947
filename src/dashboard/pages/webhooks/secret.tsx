import { CopyBox } from '../../ui/copy-box.tsx'
import { ShownOnce } from '../../ui/overlays/shown-once.tsx'
import { verifySnippet } from '../../words/webhook.ts'

interface SecretProps {
  title: string
  secret: string
  onClose(): void
}

/** The secret of a webhook, and how a receiver uses it. */
export function Secret({ title, secret, onClose }: SecretProps) {
  return (
    <ShownOnce title={title} label="Secret" secret={secret} onClose={onClose}>
      <p class="section">
        The receiver verifies each message with it, by any library of <i>Standard Webhooks</i>; in Node.js:
      </p>
      <CopyBox label="How a receiver verifies" text={verifySnippet} copy="Copy the example" />
    </ShownOnce>
  )
}
