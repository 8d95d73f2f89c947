import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { choice, flag, moment, text } from '../parsing/options.ts'
import { paging } from '../task/table.ts'

export const videoGroup: Group = {
  name: 'video',
  about: 'upload films, look at them',
  commands: [
    client({
      name: 'upload',
      about: 'upload a film and wait for its prints; again after Ctrl-C it goes on where it was',
      operands: [{ name: 'FILE', about: 'the film', isFile: true }],
      options: {
        name: text('NAME', 'name of the film (that of the file)'),
        playback: choice(['public', 'signed'], 'for whom it is (as the setting PLAYBACK says)'),
        detach: flag('do not wait for the prints')
      },
      examples: ['darkroom video upload holiday.mp4'],
      run: async (service, { operands: [file], values }) =>
        (await import('./upload.ts')).uploadVideo(service, file!, values)
    }),
    client({
      name: 'edit',
      about: 'change for whom a film is: all, or those with a key or a signed link',
      operands: [{ name: 'VIDEO', about: 'id of the film, or its file name' }],
      options: {
        playback: choice(['public', 'signed', 'default'], 'for whom it is; default: as the setting PLAYBACK says')
      },
      examples: ['darkroom video edit holiday.mp4 --playback public'],
      run: async (service, { operands: [id], values }) => (await import('./edit.ts')).editVideo(service, id!, values)
    }),
    client({
      name: 'list',
      about: 'films, newest first',
      options: {
        status: text('WORDS', 'only these: uploaded, processing, ready, failed; "-a" is not'),
        q: text('TEXT', 'only with this in the name of the file', { as: 'search' }),
        created_after: moment('uploaded after this time; "2h" is two hours ago', 'past'),
        created_before: moment('uploaded before this time', 'past'),
        ...paging,
        watch
      },
      run: async (service, { values }) => (await import('./list.ts')).listVideos(service, values)
    }),
    client({
      name: 'show',
      about: 'a film and its prints',
      operands: [{ name: 'VIDEO', about: 'id of the film, or its file name' }],
      options: {},
      run: async (service, { operands: [id], values }) => (await import('./show.ts')).showVideo(service, id!, values)
    })
  ]
}
