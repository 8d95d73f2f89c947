import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { bytesIn } from '#schema/answers.ts'
import { keyed, problems } from '#schema/problems.ts'

// All assets are served from here, so that the page works without internet. Swagger UI sets inline styles.
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'"

/** Swagger UI for /openapi.json. */
export async function docsRoutes(app: FastifyInstance) {
  app.addHook('onRoute', route => {
    route.logLevel = 'warn'
    route.config = { ...route.config, scope: 'read', own: true }
    if (route.url !== '/docs' || route.method !== 'GET') return
    route.schema = {
      operationId: 'getDocs',
      summary: 'This document as a page to try it out',
      response: { 200: bytesIn(['text/html'], 'The page'), ...problems(...keyed) }
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
      // By default Swagger UI sends the document to a validator on the internet.
      validatorUrl: null
    }
  })
}
