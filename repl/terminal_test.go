package repl

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestNarrow(t *testing.T) {
	playAll(t, 20, 10, []keyCase{
		{"a long line", "veth a:x <-> b:yyyyyyyy", "vnet> veth a:x <-> b\n:yyyyyyyy|"},
		{"exactly a row", "veth a:x <-> b", "vnet> veth a:x <-> b\n|"},
		{"and back", "veth a:x <-> b\x7f", "vnet> veth a:x <-> |"},
		{"moving over the edge", "veth a:x <-> b:yyyyyyyy\x01\x1b[D", "vnet> |veth a:x <-> b\n:yyyyyyyy"},
		{"typing before the edge", "veth a:x <-> b:yyyyyyyy\x01-", "vnet> -|veth a:x <->\nb:yyyyyyyy"},
		{"three rows", strings.Repeat("0123456789", 5), "vnet> 01234567890123\n45678901234567890123\n4567890123456789|"},
		{"three rows submitted", strings.Repeat("0123456789", 4) + "\r",
			"vnet> 01234567890123\n45678901234567890123\n456789\ngot \"012345678901234\n56789012345678901234\n56789\\n\"\nvnet> |"},
		{"candidates", "v\t", "vnet> v|\n veth   a cable be…\n vlan   an interfa…\n vxlan"},
		{"a candidate wider than the screen", "h\t", "vnet> host:enp3s0f1n\np1-with-a-very-long-\nname-that-fits-nowhe\nre |"},
		{"and in a list", "?", "vnet> |\n <name>  a new nam…\n ns      make name…\n veth    a cable b…"},
		{"many", "many\t\t", "vnet> many00|\n many00  one of ma…\n many01  one of ma…\n many02  one of ma…\n many03  one of ma…\n" +
			" many04  one of ma…\n many05  one of ma…\n… 54 more"},
		{"a suggestion", "xx\x01ping\x1b[F\x7f\x7f", "vnet> ping| left ->…"},
		{"a search", "\x12for i", "vnet> |for i in 1..2\n{\n   {>   ns h$i\n   {> }\nsearch: for i"},
	})
	playAll(t, 40, 8, []keyCase{
		{"candidates in 40 columns", "v\t", "vnet> v|\n veth   a cable between two namespaces\n vlan   an interface for one VLAN\n vxlan"},
		{"a long line in 40 columns", strings.Repeat("0123456789", 4) + "\x1b[D\x1b[D-", "vnet> 0123456789012345678901234567890123\n4567-|89"},
	})
}

// TestTiny only asks that nothing breaks.
func TestTiny(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 2}, {7, 3}, {200, 1}} {
		d := newDesk(t, size[0], size[1], TerminalOptions{})
		d.await("ready", func(string) bool { return strings.Contains(d.written(), pasteOn) })
		if _, err := d.master.WriteString("ns aaa\t?\x12x\x07\x1b[A\x1b[B v\t\t\x1b\rx\x1b[D\x7f\x03\x04"); err != nil {
			t.Fatal(err)
		}
		select {
		case <-d.ended:
		case <-time.After(patience):
			t.Errorf("at %v the prompt does not end", size)
		}
	}
}

func TestNotify(t *testing.T) {
	for _, c := range []keyCase{
		{"above an empty line", "", "vnet> |"},
		{"above what is typed", "ns abc\x1b[D", "vnet> ns ab|c"},
		{"above a block", "in a {\rns b", "vnet> in a {\n   {>   ns b|"},
		{"above a list", "ad\t", "vnet> addr|\n addr1  addr2  addr3"},
		{"above a long line", strings.Repeat("0123456789", 6), "vnet> " + strings.Repeat("0123456789", 5) + "0123\n456789|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, 60, 10, TerminalOptions{})
			d.play("«vnet>»" + c.keys)
			d.expect(c.want)
			d.editor.Notify("[web] ready\n")
			d.editor.Notify("[db] a line that does not end")
			d.expect("[web] ready\n[db] a line that does not end\n" + c.want)
		})
	}
}

// Programs write while keys are typed; the race detector looks on.
func TestNotifyWhileTyping(t *testing.T) {
	d := newDesk(t, 60, 10, TerminalOptions{})
	d.see("vnet>")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			d.editor.Notify("[web] a line\n")
			d.editor.SetPrompt("vnet> ", "> ")
		}
	}()
	d.play("ns abc\x1b[D\x1b[D-")
	<-done
	d.expect(strings.Repeat("[web] a line\n", 9) + "vnet> ns a-|bc")
}

func TestSetPrompt(t *testing.T) {
	d := newDesk(t, 60, 10, TerminalOptions{Color: true})
	d.play("«vnet> »in a {\rns b")
	d.editor.SetPrompt("\x1b[1mvnet\x1b[0m(3)*> ", "\x1b[2m> \x1b[0m")
	d.expect("vnet(3)*> in a {\n       {>   ns b|")
	d.editor.SetPrompt("vnet h1> ", ".......> ")
	d.expect("vnet h1> in a {\n......{>   ns b|")
}

func TestColors(t *testing.T) {
	for _, c := range []struct {
		name  string
		color bool
		keys  string
		want  string // is written to the terminal
	}{
		{"a keyword", true, "ns", "\x1b[1mns\x1b[0m"},
		{"an unknown name", true, "echo nobody", "\x1b[4;31mnobody\x1b[0m"},
		{"without colours it is underlined", false, "echo nobody", "\x1b[4mnobody\x1b[0m"},
		{"a suggestion is dim", false, "ping", "\x1b[2m left -> right\x1b[0m"},
		{"what is chosen is reversed", false, "ad\t\t", "\x1b[7maddr1\x1b[0m"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, 60, 10, TerminalOptions{Color: c.color})
			d.play("«vnet>»" + c.keys)
			d.await("with "+c.want, func(string) bool { return strings.Contains(d.written(), c.want) })
			if !c.color && strings.Contains(d.written(), "\x1b[3") {
				t.Errorf("colours were written: %q", d.written())
			}
		})
	}
}

func TestCloseWhileReading(t *testing.T) {
	for _, keys := range []string{"", "ns abc", "\x12ol", "in a {\r"} {
		d := newDesk(t, 60, 10, TerminalOptions{})
		d.play("«vnet>»" + keys)
		if err := d.editor.Close(); err != nil {
			t.Error(err)
		}
		select {
		case <-d.ended:
		case <-time.After(patience):
			t.Fatalf("after %q the read does not end", keys)
		}
		if _, err := d.editor.ReadBlock(whole); !errors.Is(err, io.EOF) {
			t.Errorf("a read behind the end gives %v", err)
		}
		if err := d.editor.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Pasting is announced to the terminal while an entry is typed, and only then.
func TestBracketedPasteMode(t *testing.T) {
	d := newDesk(t, 60, 10, TerminalOptions{})
	d.play("«vnet> »ns a\r«got»")
	d.await("the next entry", func(string) bool { return strings.Count(d.written(), pasteOn) > 1 })
	if w := d.written(); strings.Count(w, pasteOn) != 2 || strings.Count(w, pasteOff) != 1 ||
		strings.Index(w, pasteOff) > strings.Index(w, "got") {
		t.Errorf("it was written %q", w)
	}
}

// The answer to a question is no entry: it is not in the history, and nothing
// is offered for it.
func TestAsk(t *testing.T) {
	s := newStage(t, 40, 8)
	history := LoadHistory("")
	editor, err := NewTerminal(TerminalOptions{In: s.slave, Out: s.slave, History: history, Assistant: fake{}})
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan string)
	go func() {
		text, _ := editor.Ask("commit,\nrollback or stay? ")
		answer <- text
	}()
	s.play("«stay? »ping")
	s.expect("commit,\nrollback or stay? ping|")
	s.play("\r")
	if got := <-answer; got != "ping\n" || len(history.Entries()) > 0 {
		t.Errorf("the answer is %q, and kept is %q", got, history.Entries())
	}
	_ = editor.Close()
}
