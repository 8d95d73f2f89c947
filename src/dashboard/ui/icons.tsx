// Drawn on a grid of 16, with a stroke of 1.5.
const paths = {
  overview: 'M2.5 9.5 8 3l5.5 6.5M4 8v5.25h8V8M6.75 13V10h2.5v3',
  tasks: 'M6 4h7.5M6 8h7.5M6 12h7.5M2.5 4h.8M2.5 8h.8M2.5 12h.8',
  films: 'M2.25 3.25h11.5v9.5H2.25zM6.75 5.9v4.2L10.2 8z',
  schedules: 'M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3',
  queues: 'M2.5 3h11v2.6h-11zM2.5 6.8h11v2.6h-11zM2.5 10.6h11v2.6h-11z',
  workers: 'M4 4h8v8H4zM6.5 1.75V4M9.5 1.75V4M6.5 12v2.25M9.5 12v2.25M1.75 6.5H4M1.75 9.5H4M12 6.5h2.25M12 9.5h2.25',
  problems: 'M4 11V7.25a4 4 0 0 1 8 0V11l1.25 1.5H2.75zM6.75 14.25h2.5',
  errors: 'M8 2.25 14.25 13H1.75zM8 6.25v3.25M8 11.2v.3',
  bulk: 'M2.5 5.5h8v8h-8zM5.5 5.5v-3h8v8h-3M4.75 9.5l1.4 1.4 2.4-2.8',
  webhooks: 'M1.75 8.25 14 2.5l-3.5 11-3-4.25zM7.5 9.25 14 2.5',
  key: 'M5.25 7.25a3.25 3.25 0 1 0 0 6.5 3.25 3.25 0 0 0 0-6.5M7.6 8.3 13.5 2.5M10.5 5.5l2 2M12.2 3.8l1.3 1.3',
  audit: 'M3.5 1.75h9v12.5h-9zM6 5h4M6 8h4M6 11h2',
  doctor: 'M1.75 8.5h3L6.5 4l3 8.5 1.75-4h3',
  settings: 'M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.5 11.5h6M8.5 2.75v3.5h3v-3.5zM4.5 9.75v3.5h3v-3.5z',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3l3.2 3.2',
  plus: 'M8 3v10M3 8h10',
  close: 'M3.75 3.75l8.5 8.5M12.25 3.75l-8.5 8.5',
  retry: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3',
  cancel: 'M8 2.25a5.75 5.75 0 1 0 0 11.5 5.75 5.75 0 0 0 0-11.5M4.2 4.2l7.6 7.6',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M4.75 3v10l8-5z',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  open: 'M6 3H3v10h10v-3M9 2.75h4.25V7M13 3 7.5 8.5',
  more: 'M3 8h.2M8 8h.2M13 8h.2',
  sun: 'M8 5.25a2.75 2.75 0 1 0 0 5.5 2.75 2.75 0 0 0 0-5.5M8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1',
  moon: 'M13.25 9.6A5.75 5.75 0 0 1 6.4 2.75a5.75 5.75 0 1 0 6.85 6.85',
  upload: 'M8 10.5v-8M4.75 5.5 8 2.25l3.25 3.25M2.5 10.5v3h11v-3',
  down: 'M4 6.25 8 10.25l4-4',
  back: 'M9.75 4 5.75 8l4 4',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  views: 'M4 2.5h8v11L8 10.7 4 13.5z',
  clock: 'M8 2.25a5.75 5.75 0 1 0 0 11.5 5.75 5.75 0 0 0 0-11.5M8 4.75V8l2.25 1.5',
  trash: 'M2.75 4.25h10.5M6 4V2.5h4V4M4 4.25l.6 9.25h6.8l.6-9.25',
  edit: 'M3 13l.6-2.9 7.2-7.2 2.3 2.3-7.2 7.2z',
  check: 'M3 8.5l3.25 3.25L13 4.75',
  keyboard: 'M1.75 4.25h12.5v7.5H1.75zM4.25 6.75h.2M7 6.75h.2M9.75 6.75h.2M12 6.75h.2M5 9.25h6',
  sound: 'M2.5 6.25h2.25L8 3.5v9L4.75 9.75H2.5zM10.25 6a2.9 2.9 0 0 1 0 4M12 4.25a5.4 5.4 0 0 1 0 7.5',
  mute: 'M2.5 6.25h2.25L8 3.5v9L4.75 9.75H2.5zM10.5 6.25l3.5 3.5M14 6.25l-3.5 3.5',
  full: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10'
}

export type IconName = keyof typeof paths

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}
