/** Types of requests and answers, from the schemas that the routes check. Only types, so the client imports nothing. */
import type { Static } from 'typebox'
import type { StatusAnswer } from '#tasks/schemas.ts'
import type { Uploaded as UploadedSchema } from '#videos/schemas.ts'

export type { TaskFilters } from '#tasks/listing/schemas.ts'
export type { TaskBody } from '#tasks/schemas.ts'
export type { Submission } from '#tasks/submit/schemas.ts'
export type { WhyBody } from '#tasks/why/routes.ts'
export type { UploadBody } from '#uploads/schemas.ts'
export type { VideoBody } from '#videos/schemas.ts'
export type TaskMessage = Static<typeof StatusAnswer>
export type Uploaded = Static<typeof UploadedSchema>
