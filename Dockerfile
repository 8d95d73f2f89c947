FROM node:24-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The optional packages bring Node.js, Postgres and ffmpeg to a bare machine. Here they come from this image, from another
# container and from Debian.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
# All but one of them: koffi makes the system calls that lock ffmpeg in (src/media/lock).
RUN npm install --prefix /tmp/koffi --ignore-scripts --no-audit --no-fund \
    "koffi@$(node -p 'require("./package.json").optionalDependencies.koffi')" \
  && cp -R /tmp/koffi/node_modules/koffi /tmp/koffi/node_modules/@koromix node_modules/
# scripts/prepare and a worker's first start make these files (src/bundle/packages.ts, src/runner/children/one-file.ts),
# which they cannot in a read-only image.
RUN npm install --prefix /tmp/bundler --ignore-scripts --no-audit --no-fund \
    "esbuild@$(node -p 'require("./package.json").dependencies.esbuild')" \
  && /tmp/bundler/node_modules/.bin/esbuild node_modules/typebox/build/index.mjs --bundle --format=esm --platform=node \
    --outfile="node_modules/.cache/darkroom/typebox-$(node -p 'require("./package.json").dependencies.typebox').mjs"
# So are the scripts of the dashboard (src/dashboard/bundle.ts).
COPY client client
COPY src/bundle src/bundle
COPY src/dashboard src/dashboard
RUN export ESBUILD_BINARY_PATH="$(echo /tmp/bundler/node_modules/@esbuild/*/bin/esbuild)" \
  && node -e "import('/app/src/bundle/packages.ts').then(({ bundlePackages }) => bundlePackages())" \
  && node src/dashboard/build.ts

FROM node:24-trixie-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ffmpeg tini \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /data

# What rarely changes comes first, so that an update of the sources is a layer of a few hundred kilobytes. No build.
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY client client
COPY migrations migrations
COPY src src

# Without a limit short-lived objects take up to 130 MiB in each process, which keeps them.
ENV NODE_ENV=production DATA_DIR=/data NODE_OPTIONS=--max-semi-space-size=8
ENV NODE_COMPILE_CACHE=/home/node/.cache/darkroom
USER node
# As the user whose processes read the cache: a process that compiles modules itself keeps 15 MiB for that.
RUN node src/compile.ts && node src/cli.ts --version
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# tini reaps processes that a killed task leaves behind, and passes signals on.
ENTRYPOINT ["tini", "--"]
CMD ["node", "src/cli.ts", "api"]
