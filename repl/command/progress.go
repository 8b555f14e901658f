package command

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/mattn/go-runewidth"

	"vnet/lang/name"
	"vnet/runtime"
)

// A run is silent about its progress at first, since most are over by then.
const (
	patience = 300 * time.Millisecond
	tick     = 100 * time.Millisecond
)

// A progress draws what a run is at.
type progress struct {
	console *console
	style   style
	now     atomic.Pointer[moment]
	begun   atomic.Pointer[time.Time] // what is carried out now
	done    chan struct{}
	gone    chan struct{}
}

// A moment is a statement with the time it began.
type moment struct {
	runtime.Progress
	since time.Time
}

// watch draws the progress of a run on a terminal until it is stopped; nil, for
// which everything is silence, on anything else.
func (a *app) watch() *progress {
	if !a.console.err.tty || a.quiet || a.json {
		return nil
	}
	p := &progress{console: a.console, style: a.style(), done: make(chan struct{}), gone: make(chan struct{})}
	p.begin()
	go p.loop()
	return p
}

// begin says that something else is carried out from now on.
func (p *progress) begin() {
	if p == nil {
		return
	}
	now := time.Now()
	p.now.Store(nil)
	p.begun.Store(&now)
}

// reporter is who is told what a run is at; nil for nobody.
func (p *progress) reporter() func(runtime.Progress) {
	if p == nil {
		return nil
	}
	return func(now runtime.Progress) { p.now.Store(&moment{now, time.Now()}) }
}

func (p *progress) stop() {
	if p == nil {
		return
	}
	close(p.done)
	<-p.gone
	p.console.draw("")
}

func (p *progress) loop() {
	defer close(p.gone)
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-p.done:
			return
		case t := <-ticks.C:
			if line := p.at(t, p.console.err.Width()-1); line != "" {
				p.console.draw(p.style.dim(line))
			}
		}
	}
}

// at is what to draw at a time, "" for nothing new.
func (p *progress) at(t time.Time, width int) string {
	m := p.now.Load()
	if m == nil || t.Sub(*p.begun.Load()) < patience || width <= 0 {
		return ""
	}
	return m.line(t, width, p.style)
}

// line is  demo.vnet:12 expect ping h1 -> h2 · 3.2 s  in at most width columns.
func (m *moment) line(now time.Time, width int, s style) string {
	head, tail := "", ""
	switch {
	case m.Undoing:
		head = "rolling back: "
		if m.Done > 0 {
			head = fmt.Sprintf("rolling back, %d undone: ", m.Done)
		}
	case m.At.Known():
		head = name.Quote(m.At.Pos.ShortString()) + " "
	}
	if d := now.Sub(m.since); d >= patience {
		tail = s.dot() + seconds(d)
	}
	text := name.Quote(m.Text)
	room := width - runewidth.StringWidth(head) - runewidth.StringWidth(tail)
	if room < 8 {
		return runewidth.Truncate(head+text, width, s.more())
	}
	return head + runewidth.Truncate(text, room, s.more()) + tail
}

// seconds counts as a clock does that one looks at: 0.4 s, 3.2 s, 2 min 5 s.
func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// elapsed is how long something took: 0.4 ms, 12 ms, 3.2 s, 2 min 5 s.
func elapsed(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f ms", max(d.Seconds()*1000, 0.1))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return seconds(d)
}
