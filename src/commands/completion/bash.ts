import type { CompletedPath } from './paths.ts'

/** The words before the cursor, options left out, name the path; what follows is looked up. */
export function bashScript(paths: CompletedPath[]): string {
  const values = paths.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ word, values }) => `    '${path} ${word}') words='${values.join(' ')}' ;;`)
  )
  const words = paths.map(
    ({ path, words, options, isFile }) =>
      `    '${path}') words='${words.map(({ word }) => word).join(' ')}' options='${options.map(({ word }) => word).join(' ')}' files=${isFile ? 'yes' : ''} ;;`
  )
  return `# Completion of darkroom for bash: source <(darkroom completion bash)
_darkroom() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' options='' files='' i
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    case "\${COMP_WORDS[i]}" in -*) break ;; esac
    case "$path" in ${paths
      .filter(({ isLeaf }) => isLeaf)
      .map(({ path }) => `'${path}'`)
      .join(' | ')}) break ;; esac
    path="\${path:+$path }\${COMP_WORDS[i]}"
  done
  COMPREPLY=()
  case "$path $before" in
${values.join('\n')}
    *) words=- ;;
  esac
  if [[ $words != - ]]; then
    if [[ -n $words ]]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"); else compopt -o default; fi
    return
  fi
  words=''
  case "$path" in
${words.join('\n')}
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ -n $files ]]; then
    compopt -o default
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _darkroom darkroom`
}
