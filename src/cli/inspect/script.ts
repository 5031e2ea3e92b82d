/**
 * What the page does once it is there: choosing a snapshot or a file with the pointer or the arrow keys, and filtering the
 * trees. Without it the page shows all the same, in tables.
 */
export const SCRIPT = `
'use strict'
for (const element of document.querySelectorAll('.asks')) element.hidden = false
for (const element of document.querySelectorAll('.to-end')) element.scrollLeft = element.scrollWidth

for (const list of document.querySelectorAll('[role=listbox]')) {
  const options = [...list.querySelectorAll('[role=option]')]
  const told = document.getElementById(list.dataset.told)
  let chosen = null
  told.textContent = list.dataset.hint
  const choose = (option) => {
    if (chosen !== null) {
      chosen.classList.remove('on')
      chosen.removeAttribute('aria-selected')
    }
    chosen = option
    told.className = option === null ? 'faint' : 'mono'
    if (option === null) {
      list.removeAttribute('aria-activedescendant')
      told.textContent = list.dataset.hint
      return
    }
    option.classList.add('on')
    option.setAttribute('aria-selected', 'true')
    list.setAttribute('aria-activedescendant', option.id)
    told.textContent = option.getAttribute('aria-label')
  }
  const rowOf = (option) => option.closest('.run') ?? list
  const middle = (option) => {
    const { left, width } = option.getBoundingClientRect()
    return left + width / 2
  }
  const nearest = (row, x) => {
    let best = null
    for (const option of options)
      if (rowOf(option) === row && (best === null || Math.abs(middle(option) - x) < Math.abs(middle(best) - x)))
        best = option
    return best
  }
  const vertical = (by) => {
    const rows = [...new Set(options.map(rowOf))]
    const row = rows[rows.indexOf(rowOf(chosen)) + by]
    return row === undefined ? chosen : nearest(row, middle(chosen))
  }
  const next = (key) => {
    const index = options.indexOf(chosen)
    if (key === 'Home') return options[0]
    if (key === 'End') return options.at(-1)
    if (key === 'Escape') return null
    if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(key)) return undefined
    if (index < 0) return list.dataset.first === 'last' ? options.at(-1) : options[0]
    if (key === 'ArrowLeft') return options[Math.max(0, index - 1)]
    if (key === 'ArrowRight') return options[Math.min(options.length - 1, index + 1)]
    return vertical(key === 'ArrowUp' ? -1 : 1)
  }
  list.addEventListener('keydown', (event) => {
    const option = next(event.key)
    if (option === undefined) return
    event.preventDefault()
    choose(option)
    option?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  })
  for (const type of ['pointerover', 'click'])
    list.addEventListener(type, (event) => {
      const option = event.target.closest('[role=option]')
      if (option !== null) choose(option)
    })
}

const filter = document.getElementById('filter')
filter?.addEventListener('input', () => {
  const words = filter.value.trim().toLowerCase()
  let shown = 0
  for (const tree of document.querySelectorAll('.tree')) {
    tree.hidden = !tree.dataset.name.toLowerCase().includes(words)
    if (!tree.hidden) shown++
  }
  document.getElementById('filtered').textContent = shown + ' shown'
})
`
