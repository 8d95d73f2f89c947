import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { bytesIn } from '#schema/answers.ts'
import { problems } from '#schema/problems.ts'

// Everything comes from here, so that it works where there is no way out. Swagger UI sets styles on its elements.
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'"

/** The document to look at and to try out. */
export async function docsRoutes(app: FastifyInstance) {
  app.addHook('onRoute', route => {
    route.logLevel = 'warn'
    if (route.url !== '/docs' || route.method !== 'GET') return
    route.schema = {
      summary: 'This document, to read and to try out',
      response: { 200: bytesIn(['text/html'], 'A page'), ...problems() }
    }
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: policy,
    theme: { title: 'Darkroom' },
    uiConfig: {
      url: '/openapi.json',
      tryItOutEnabled: true,
      displayRequestDuration: true,
      deepLinking: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      // Else the page asks a validator on the internet about the document.
      validatorUrl: null
    }
  })
}
