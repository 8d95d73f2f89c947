import type { IconName } from '../ui/icons.tsx'

/** What the bar at the side shows, and the key after `g`. */
export const places: { path: string; name: string; icon: IconName; key: string }[] = [
  { path: '/', name: 'Overview', icon: 'overview', key: 'o' },
  { path: '/tasks', name: 'Tasks', icon: 'tasks', key: 't' },
  { path: '/videos', name: 'Films', icon: 'films', key: 'f' },
  { path: '/schedules', name: 'Schedules', icon: 'schedules', key: 's' },
  { path: '/queues', name: 'Queues', icon: 'queues', key: 'q' },
  { path: '/workers', name: 'Workers', icon: 'workers', key: 'w' },
  { path: '/problems', name: 'Problems', icon: 'problems', key: 'p' },
  { path: '/errors', name: 'Errors', icon: 'errors', key: 'e' },
  { path: '/bulk', name: 'Bulk', icon: 'bulk', key: 'b' },
  { path: '/webhooks', name: 'Webhooks', icon: 'webhooks', key: 'h' },
  { path: '/keys', name: 'Keys', icon: 'key', key: 'k' },
  { path: '/audit', name: 'Audit', icon: 'audit', key: 'a' },
  { path: '/doctor', name: 'Doctor', icon: 'doctor', key: 'd' }
]

// On a phone's bar; the rest is behind "More".
export const mostUsed = ['/', '/tasks', '/videos', '/queues']
