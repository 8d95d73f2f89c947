import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { secretsShown } from '../../state/service/door.ts'
import { Button } from '../button.tsx'
import { CopyBox } from '../copy-box.tsx'
import { Dialog } from './dialog.tsx'

interface ShownOnceProps {
  title: string
  /** What the secret is called. */
  label: string
  secret: string
  children: ComponentChildren
  /** What its button says. */
  done?: string
  onClose(): unknown
}

/** A secret that no other answer shows. It is nowhere but in this dialog, and goes with it. */
export function ShownOnce({ title, label, secret, children, done = 'I have copied it', onClose }: ShownOnceProps) {
  useEffect(() => {
    secretsShown.value++
    return () => {
      secretsShown.value--
    }
  }, [])
  return (
    <Dialog title={title} wide stays onClose={onClose}>
      <p class="soft">It is shown this once. Copy it to where it is needed before you close this.</p>
      <CopyBox label={label} text={secret} />
      {children}
      <div class="buttons end">
        <Button look="main" onClick={onClose}>
          {done}
        </Button>
      </div>
    </Dialog>
  )
}
