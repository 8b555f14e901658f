package repl

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hinshun/vt10x"
	"golang.org/x/sys/unix"

	"vnet/repl/complete"
	"vnet/runtime/kernel/kerneltest"
)

// patience is how long the screen may take to look as expected; nothing waits
// so long unless it fails.
const patience = 10 * time.Second

// A stage is a pseudo-terminal with a model of its screen.
type stage struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	screen vt10x.Terminal
	gone   chan struct{} // closed when nobody writes to the terminal any more

	mu  sync.Mutex
	raw strings.Builder // all that was written to the terminal
}

func newStage(t *testing.T, cols, rows int) *stage {
	t.Helper()
	master, slave := kerneltest.Terminal(t, cols, rows)
	s := &stage{t: t, master: master, slave: slave, gone: make(chan struct{}),
		screen: vt10x.New(vt10x.WithSize(cols, rows))}
	s.size(cols, rows)
	go func() {
		defer close(s.gone)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.raw.Write(buf[:n])
			s.mu.Unlock()
			_, _ = s.screen.Write(buf[:n])
		}
	}()
	t.Cleanup(func() {
		slave.Close()
		master.Close()
		<-s.gone
	})
	return s
}

func (s *stage) size(cols, rows int) {
	s.t.Helper()
	// Not by its Fd, which would have readers block.
	conn, err := s.master.SyscallConn()
	if err == nil {
		ctlErr := conn.Control(func(fd uintptr) {
			err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(cols), Row: uint16(rows)})
		})
		err = errors.Join(ctlErr, err)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.screen.Resize(cols, rows)
}

// shown is what is on the screen; | is the cursor.
func (s *stage) shown() string {
	s.screen.Lock()
	defer s.screen.Unlock()
	cols, rows := s.screen.Size()
	at := s.screen.Cursor()
	var lines []string
	for y := range rows {
		var b strings.Builder
		for x := range cols {
			if x == at.X && y == at.Y {
				b.WriteByte('|')
			}
			if r := s.screen.Cell(x, y).Char; r == 0 {
				b.WriteByte(' ')
			} else {
				b.WriteRune(r)
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func (s *stage) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// await waits until the screen is as it should be.
func (s *stage) await(what string, ok func(shown string) bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		shown := s.shown()
		if ok(shown) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("the screen is\n%s\nand not\n%s", frameText(shown), what)
		}
	}
}

func frameText(text string) string { return "  ┊" + strings.ReplaceAll(text, "\n", "\n  ┊") }

// expect waits for a screen.
func (s *stage) expect(want string) {
	s.t.Helper()
	want = strings.Trim(want, "\n")
	s.await(frameText(want), func(shown string) bool { return shown == want })
}

// see waits for a text on the screen.
func (s *stage) see(text string) {
	s.t.Helper()
	s.await("with "+text, func(shown string) bool { return strings.Contains(strings.ReplaceAll(shown, "|", ""), text) })
}

// play types keys. «text» in them waits until the text is on the screen.
func (s *stage) play(keys string) {
	s.t.Helper()
	for keys != "" {
		now, rest, _ := strings.Cut(keys, "«")
		text, rest, _ := strings.Cut(rest, "»")
		if _, err := s.master.WriteString(now); err != nil {
			s.t.Fatal(err)
		}
		if text != "" {
			s.see(text)
		}
		keys = rest
	}
}

// A fake is an Assistant that knows a few words.
type fake struct{}

var fakeWords = []complete.Named{
	{Name: "ns", Doc: "make namespaces"}, {Name: "veth", Doc: "a cable between two namespaces"},
	{Name: "vlan", Doc: "an interface for one VLAN"}, {Name: "vxlan"}, {Name: "show", Doc: "look at what is there"},
	{Name: "host:enp3s0f1np1-with-a-very-long-name-that-fits-nowhere", Doc: "the NIC"},
	{Name: "addr1"}, {Name: "addr2"}, {Name: "addr3"},
}

func (fake) At(text string, cursor int) []complete.Candidate {
	start := strings.LastIndexAny(text[:cursor], " \n") + 1
	word := text[start:cursor]
	var out []complete.Candidate
	add := func(name, doc string) {
		if strings.HasPrefix(name, word) && word != "" {
			out = append(out, complete.Candidate{Text: name, Doc: doc, Start: start, End: cursor, Kind: complete.KindStatement})
		}
	}
	for _, w := range fakeWords {
		add(w.Name, w.Doc)
	}
	if strings.HasPrefix(word, "many") {
		for i := range 60 {
			add(fmt.Sprintf("many%02d", i), "one of many")
		}
	}
	if word == "rigth" { // something like it
		out = append(out, complete.Candidate{Text: "right", Start: start, End: cursor, Kind: complete.KindNamespace})
	}
	return out
}

func (fake) Next(text string, cursor int) []complete.Candidate {
	if strings.HasPrefix(text, "opaque ") {
		return nil
	}
	list := []complete.Candidate{{Text: "<name>", Doc: "a new namespace", Start: cursor, End: cursor, Kind: complete.KindPlaceholder}}
	for _, w := range fakeWords[:2] {
		list = append(list, complete.Candidate{Text: w.Name, Doc: w.Doc, Start: cursor, End: cursor})
	}
	return list
}

func (fake) Ghost(text string, history []string) string {
	if text == "ping" {
		return " left -> right"
	}
	if text == "evil" {
		return "\x1b[31m\x07x"
	}
	return ""
}

func (fake) Marks(text string, cursor int) []complete.Mark {
	var out []complete.Mark
	if i := strings.Index(text, "nobody"); i >= 0 {
		out = append(out, complete.Mark{Start: i, End: i + len("nobody"), Class: complete.ClassUnknownName})
	}
	if strings.HasPrefix(text, "ns") {
		out = append(out, complete.Mark{Start: 0, End: 2, Class: complete.ClassKeyword})
	}
	return out
}

func (fake) InQuotes(text string, cursor int) bool { return strings.Count(text[:cursor], `"`)%2 == 1 }

// A desk is a terminal Editor on a stage, read from until the input ends. What
// is read is written below it.
type desk struct {
	*stage
	editor  Editor
	history *History
	ended   chan struct{}
}

func newDesk(t *testing.T, cols, rows int, o TerminalOptions) *desk {
	t.Helper()
	s := newStage(t, cols, rows)
	if o.History == nil {
		o.History = LoadHistory("")
	}
	o.In, o.Out, o.Assistant = s.slave, s.slave, fake{}
	editor, err := NewTerminal(o)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{stage: s, editor: editor, history: o.History, ended: make(chan struct{})}
	go d.run()
	t.Cleanup(func() {
		editor.Close()
		<-d.ended
	})
	return d
}

func (d *desk) run() {
	defer close(d.ended)
	for {
		text, err := d.editor.ReadBlock(whole)
		switch err {
		case nil:
			fmt.Fprintf(d.slave, "got %q\n", text)
		case ErrDropped:
			fmt.Fprintln(d.slave, "dropped")
		default:
			fmt.Fprintln(d.slave, "bye")
			return
		}
	}
}

// whole is what the prompt takes for a whole entry.
func whole(text string) bool { return (&Prompt{Session: &recorder{}}).whole(text) }
