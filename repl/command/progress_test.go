package command

import (
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime"
)

func TestProgressLine(t *testing.T) {
	at := token.Span{Pos: token.Pos{Filename: "demo.vnet", Line: 12, Column: 1}}
	begin := time.Now()
	for _, c := range []struct {
		now   runtime.Progress
		after time.Duration
		width int
		ascii bool
		want  string
	}{
		{runtime.Progress{At: at, Text: "expect ping h1 -> h2"}, 3250 * time.Millisecond, 79, false, "demo.vnet:12 expect ping h1 -> h2 · 3.2 s"},
		{runtime.Progress{At: at, Text: "expect ping h1 -> h2"}, 3250 * time.Millisecond, 39, false, "demo.vnet:12 expect ping h1 ->… · 3.2 s"},
		{runtime.Progress{At: at, Text: "ns h1"}, 100 * time.Millisecond, 79, false, "demo.vnet:12 ns h1"},
		{runtime.Progress{At: at, Text: "ns h1"}, 65 * time.Second, 79, true, "demo.vnet:12 ns h1 - 1 min 5 s"},
		{runtime.Progress{Undoing: true, Done: 3, Text: "link del r1:eth0"}, time.Second, 79, false, "rolling back, 3 undone: link del r1:eth0 · 1.0 s"},
		{runtime.Progress{At: at, Text: "echo \x1b[2J"}, 0, 79, false, `demo.vnet:12 echo \x1b[2J`},
		{runtime.Progress{At: at, Text: "ns h1"}, time.Second, 12, false, "demo.vnet:1…"},
	} {
		m := &moment{c.now, begin}
		got := m.line(begin.Add(c.after), c.width, style{diag.Style{ASCII: c.ascii}})
		if got != c.want {
			t.Errorf("%+v after %v: %q, want %q", c.now, c.after, got, c.want)
		}
		if w := runewidth.StringWidth(got); w > c.width {
			t.Errorf("%q has %d columns, and %d fit", got, w, c.width)
		}
	}
}

// Nothing is drawn of what was carried out before.
func TestProgressBeginsAnew(t *testing.T) {
	p := &progress{}
	p.begin()
	p.reporter()(runtime.Progress{Text: "ns h1"})
	later := time.Now().Add(time.Minute)
	if line := p.at(later, 79); !strings.HasPrefix(line, "ns h1") {
		t.Fatalf("it is at %q", line)
	}
	p.begin()
	if line := p.at(later, 79); line != "" {
		t.Errorf("a new entry is at %q", line)
	}
	p.reporter()(runtime.Progress{Text: "ns h2"})
	if line := p.at(time.Now(), 79); line != "" {
		t.Errorf("a new entry has no patience: %q", line)
	}
}

// The line is gone before anything else is written, and does not overwrite a
// line that is not finished.
func TestConsole(t *testing.T) {
	var screen strings.Builder
	c := newConsole(Streams{Out: &screen, Err: &screen})
	c.out.tty, c.err.tty = true, true
	const erase = "\r\x1b[K"
	c.draw("one")
	c.draw("one")
	write(c.out, "text\n")
	c.draw("two")
	c.draw("")
	write(c.err, "name? ")
	c.draw("three")
	write(c.err, "\n")
	c.draw("four")
	_, back := c.out.Lend()
	back()
	if want := erase + "one" + erase + "text\n" + erase + "two" + erase + "name? \n" + erase + "four"; screen.String() != want {
		t.Errorf("screen gets %q, want %q", screen.String(), want)
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.1 ms", 400 * time.Microsecond: "0.4 ms", 12 * time.Millisecond: "12 ms",
		3290 * time.Millisecond: "3.2 s", 125 * time.Second: "2 min 5 s",
	} {
		if got := elapsed(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
