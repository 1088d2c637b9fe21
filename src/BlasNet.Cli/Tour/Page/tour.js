// Watches nodes merge: step k shows the first k lines of the schedule done. At first, and without this script, both graphs are shown whole.
for (const stepper of document.querySelectorAll('.stepper')) {
  const steps = [...stepper.querySelectorAll('.schedule li')].map(item => ({
    item, members: item.dataset.members.split(' ').filter(Boolean), stacks: item.dataset.stacks.split(' ').filter(Boolean) }));
  const find = (side, node) => stepper.querySelector(`.${side} [data-node="${node}"]`);
  const slider = stepper.querySelector('input'), output = stepper.querySelector('output');
  const buttons = Object.fromEntries([...stepper.querySelectorAll('button')].map(button => [button.dataset.do, button]));
  const arrows = [...stepper.querySelectorAll('.to .edge')];
  let at = steps.length, whole = true;

  const show = (to, animate = false) => {
    const forward = to === at + 1;
    at = Math.max(0, Math.min(steps.length, to));
    whole = false;
    const hidden = new Set();
    steps.forEach((step, i) => {
      step.item.className = i < at - 1 ? 'done' : i === at - 1 ? 'now' : 'todo';
      for (const node of step.members) {
        const classes = find('from', node)?.classList;
        classes?.toggle('done', i < at - 1);
        classes?.toggle('now', i === at - 1);
      }
      for (const node of step.stacks) {
        const classes = find('to', node)?.classList;
        classes?.toggle('todo', i >= at);
        classes?.toggle('now', i === at - 1);
        if (i >= at) hidden.add(node);
      }
    });
    for (const arrow of arrows)
      arrow.classList.toggle('todo', hidden.has(arrow.dataset.from) || hidden.has(arrow.dataset.to));
    slider.value = at;
    output.textContent = `step ${at} of ${steps.length}`;
    buttons.first.disabled = buttons.back.disabled = at === 0;
    buttons.last.disabled = buttons.next.disabled = at === steps.length;
    if (animate && forward && at > 0) fly(steps[at - 1]);
  };

  const showWhole = () => {
    show(steps.length);
    whole = true;
    for (const marked of stepper.querySelectorAll('.done, .now')) marked.classList.remove('done', 'now');
    output.textContent = `all ${steps.length} steps`;
    buttons.next.disabled = false;
  };

  // Outlines fly from the nodes that merge to the node that they become.
  const fly = step => {
    const target = find('to', step.stacks.at(-1));
    if (!target || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const end = target.getBoundingClientRect();
    for (const node of step.members) {
      const begin = find('from', node)?.getBoundingClientRect();
      if (!begin) continue;
      const ghost = document.createElement('div');
      ghost.className = 'ghost';
      const place = box => ({ left: `${box.left + scrollX}px`, top: `${box.top + scrollY}px`, width: `${box.width}px`, height: `${box.height}px` });
      document.body.append(ghost);
      Object.assign(ghost.style, place(begin));
      ghost.animate([place(begin), place(end)], { duration: 450, easing: 'ease-in-out' }).finished.then(() => ghost.remove());
    }
  };

  const go = { first: () => 0, back: () => at - 1, next: () => whole ? 1 : at + 1, last: () => steps.length };
  for (const [name, button] of Object.entries(buttons)) button.addEventListener('click', () => show(go[name](), true));
  slider.addEventListener('input', () => show(Number(slider.value), true));
  stepper.addEventListener('keydown', event => {
    if (event.target === slider || !['ArrowLeft', 'ArrowRight'].includes(event.key) || event.target.closest('.scroll')) return;
    event.preventDefault();
    show(event.key === 'ArrowRight' ? go.next() : go.back(), true);
  });
  addEventListener('beforeprint', showWhole);
  stepper.querySelector('.controls').hidden = false;
  showWhole();
}
