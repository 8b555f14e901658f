package repl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	runtimego "runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"vnet/repl/complete"
	"vnet/runtime"
)

// A recorder is a session that notes what it is given; an entry that begins
// with "bad" fails.
type recorder struct {
	Session // what it is not asked for
	entries []string
}

func (r *recorder) Transaction() (int, bool)                       { return 0, false }
func (r *recorder) Entered() bool                                  { return false }
func (r *recorder) Leave() bool                                    { return false }
func (r *recorder) Alive() *runtime.Alive                          { return &runtime.Alive{} }
func (r *recorder) Program(context.Context, string) (string, bool) { return "", false }

func (r *recorder) Do(ctx context.Context, name, text string) *runtime.Report {
	r.entries = append(r.entries, text)
	switch {
	case strings.HasPrefix(text, "bad"):
		return &runtime.Report{Ending: runtime.Failed}
	case strings.HasPrefix(text, "slow"):
		syscall.Kill(os.Getpid(), syscall.SIGINT)
		<-ctx.Done()
		return &runtime.Report{Ending: runtime.Interrupted}
	case strings.HasPrefix(text, "hangup"):
		syscall.Kill(os.Getpid(), syscall.SIGTERM)
		<-ctx.Done()
		return &runtime.Report{Ending: runtime.Terminated}
	}
	return &runtime.Report{}
}

func TestPrompt(t *testing.T) {
	for _, c := range []struct {
		name, in string
		entries  []string
		status   int
	}{
		{"lines", "ns a\nns b\n", []string{"ns a\n", "ns b\n"}, 0},
		{"no newline at the end", "ns a", []string{"ns a"}, 0},
		{"block", "for i in 1..2 {\n  ns a$i\n}\nns c\n", []string{"for i in 1..2 {\n  ns a$i\n}\n", "ns c\n"}, 0},
		{"arrow at the end", "veth a:x <->\n  b:y\n", []string{"veth a:x <->\n  b:y\n"}, 0},
		{"blank lines", "\n\n  \nns a\n\n", []string{"ns a\n"}, 0},
		{"exit", "ns a\nexit\nns b\n", []string{"ns a\n"}, 0},
		{"first failure counts", "ns a\nbad\nns b\n", []string{"ns a\n", "bad\n", "ns b\n"}, 1},
		{"interrupt stops the entry only", "slow\nns b\n", []string{"slow\n", "ns b\n"}, 130},
		{"terminate ends the prompt", "hangup\nns b\n", []string{"hangup\n"}, 143},
		{"help is no entry", "help\nhelp veth\n? len\n", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := &recorder{}
			var out bytes.Buffer
			p := Prompt{Editor: NewPipe(strings.NewReader(c.in), io.Discard), Session: rec, Out: &out, Err: &out,
				Report: func(string, string, *runtime.Report) {}}
			if got := p.Run(context.Background()); got != c.status {
				t.Errorf("status %d, want %d", got, c.status)
			}
			if !slices.Equal(rec.entries, c.entries) {
				t.Errorf("carried out %q, want %q", rec.entries, c.entries)
			}
		})
	}
}

// A dropping editor gives up the first entry, as Ctrl-C does.
type dropping struct {
	Editor
	dropped bool
}

func (d *dropping) ReadBlock(complete func(string) bool) (string, error) {
	if !d.dropped {
		d.dropped = true
		return "", ErrDropped
	}
	return d.Editor.ReadBlock(complete)
}

func TestDroppedEntry(t *testing.T) {
	rec := &recorder{}
	p := Prompt{Editor: &dropping{Editor: NewPipe(strings.NewReader("ns a\n"), io.Discard)}, Session: rec, Out: &bytes.Buffer{},
		Err: &bytes.Buffer{}, Report: func(string, string, *runtime.Report) {}}
	p.Run(context.Background())
	if len(rec.entries) != 1 {
		t.Errorf("carried out %q after a dropped entry", rec.entries)
	}
}

// A writing editor makes something of what it is given.
type writing struct {
	Editor
	write func(string) string
}

func (w *writing) Edit(initial string) (string, error) { return w.write(initial), nil }

// The last entry is carried out again as the editor leaves it, and not at all
// if that left it alone.
func TestEdit(t *testing.T) {
	for name, c := range map[string]struct {
		write   func(string) string
		entries []string
		said    string
	}{
		"changed":   {func(s string) string { return s + "b" }, []string{"ns a\n", "ns ab"}, "ns ab\n"},
		"unchanged": {func(s string) string { return s + "\n" }, []string{"ns a\n"}, "not changed, and not carried out again\n"},
		"words":     {func(s string) string { return "help :time\n" }, []string{"ns a\n"}, "help :time\nsay how long each entry took\n  :time on|off\n"},
		"emptied":   {func(string) string { return " \n" }, []string{"ns a\n"}, ""},
	} {
		rec, out := &recorder{}, &bytes.Buffer{}
		p := Prompt{Editor: &writing{NewPipe(strings.NewReader("ns a\n:edit\n"), io.Discard), c.write}, Session: rec, Out: out, Err: out,
			Report: func(string, string, *runtime.Report) {}}
		if status := p.Run(t.Context()); status != 0 || !slices.Equal(rec.entries, c.entries) || out.String() != c.said {
			t.Errorf("%s: status %d, carried out %q, said %q", name, status, rec.entries, out)
		}
	}
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "history")
	h := LoadHistory(path)
	for _, e := range []string{"ns a", "ns a", " secret", "", "for {\n  x\n}"} {
		h.Keep(e)
	}
	want := []string{"ns a", "for {\n  x\n}"}
	if got := LoadHistory(path).Entries(); !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history has mode %v, %v", info.Mode(), err)
	}
}

func TestHistoryFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	aim := filepath.Join(dir, "aim")
	path := filepath.Join(dir, "history")
	if err := os.Symlink(aim, path); err != nil {
		t.Fatal(err)
	}
	LoadHistory(path).Keep("ns a")
	if _, err := os.Stat(aim); !errors.Is(err, os.ErrNotExist) {
		t.Error("the history was written through a link")
	}
}

// What the table describes is carried out, and the reference tells of it.
func TestWords(t *testing.T) {
	text, err := os.ReadFile("../lang/SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	_, spec, _ := strings.Cut(string(text), "\n## The prompt\n")
	spec, _, _ = strings.Cut(spec, "\n## ")
	for _, e := range complete.Words {
		if handlers[e.Word] == nil && !leaving[e.Word] {
			t.Errorf("nobody carries out %s", e.Word)
		}
		if !regexp.MustCompile("`" + regexp.QuoteMeta(e.Word) + "[` ]").MatchString(spec) {
			t.Errorf("the reference does not tell of %s", e.Word)
		}
	}
	for word := range handlers {
		if complete.WordOf(word) == nil && word != "commit" && word != "?" {
			t.Errorf("nothing describes %s", word)
		}
	}
}

// The prompt tells of an open transaction and of the scope, the real network in
// red.
func TestPromptText(t *testing.T) {
	for _, c := range []struct {
		scope       string
		entries     int
		color       bool
		first, more string
	}{
		{"", -1, true, "vnet> ", "....> "},
		{"", 0, false, "vnet(0)*> ", "........> "},
		{"h1", 3, false, "vnet(3)* h1> ", "...........> "},
		{"host", -1, true, "vnet \x1b[1;31mhost\x1b[0m> ", ".........> "},
		{"host", -1, false, "vnet host> ", ".........> "},
	} {
		p := Prompt{Session: place{scope: c.scope, entries: c.entries}, Color: c.color}
		if first, more := p.text(); first != c.first || more != c.more {
			t.Errorf("%+v: %q %q", c, first, more)
		}
	}
}

// A place is a session that is somewhere.
type place struct {
	Session
	scope   string
	entries int
}

func (p place) Transaction() (int, bool) { return p.entries, p.entries >= 0 }
func (p place) Entered() bool            { return p.scope != "" }
func (p place) Scope() string            { return p.scope }

// An asked session has a transaction open until it is ended.
type asked struct {
	recorder
	ended string
}

func (a *asked) Transaction() (int, bool) { return 2, a.ended == "" }
func (a *asked) Commit(context.Context) (*runtime.Report, error) {
	a.ended = "commit"
	return &runtime.Report{}, nil
}
func (a *asked) Rollback(context.Context) *runtime.Report {
	a.ended = "rollback"
	return &runtime.Report{}
}

// Who leaves with a transaction open is asked, if there is somebody.
func TestLeaveWithTransaction(t *testing.T) {
	for _, c := range []struct {
		in      string
		typed   bool
		ended   string
		entries int
	}{
		{"exit\ncommit\n", true, "commit", 0},
		{"quit\nr\n", true, "rollback", 0},
		{"exit\nwhat\nstay\nns a\nexit\ncommit\nns b\n", true, "commit", 1},
		{"exit\n", true, "rollback", 0},
		{"ns a\nexit\nns b\n", false, "rollback", 1},
		{"ns a\n", false, "rollback", 1},
	} {
		a := &asked{}
		p := Prompt{Editor: NewPipe(strings.NewReader(c.in), io.Discard), Session: a, Out: io.Discard, Err: io.Discard, Typed: c.typed,
			Report: func(string, string, *runtime.Report) {}}
		p.Run(t.Context())
		if a.ended != c.ended || len(a.entries) != c.entries {
			t.Errorf("%q: %s, %d entries", c.in, a.ended, len(a.entries))
		}
	}
}

// A jealous reader says when it is read from.
type jealous struct{ read chan struct{} }

func (j jealous) Read([]byte) (int, error) {
	close(j.read)
	return 0, io.EOF
}

// A pipe takes nothing before it is asked: what is there may be for another.
func TestPipeReadsWhenAsked(t *testing.T) {
	j := jealous{make(chan struct{})}
	p := NewPipe(j, io.Discard)
	runtimego.Gosched()
	select {
	case <-j.read:
		t.Error("it reads at once")
	default:
	}
	if _, err := p.ReadBlock(func(string) bool { return true }); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	<-j.read
}
