package name

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	long := strings.Repeat("n", 65)
	checks := map[string]func(string) error{"namespace": Namespace, "lab": Lab, "interface": Link, "identifier": Identifier, "existing": ExistingLink}
	for _, c := range []struct{ what, name, why, proposal string }{
		{"namespace", "h1", "", ""},
		{"namespace", "007", "", ""},
		{"namespace", "_a.b-c", "", ""},
		{"namespace", long[:64], "", ""},
		{"namespace", "lo", "", ""},
		{"namespace", long, "is 65 bytes long, and at most 64 fit", long[:64]},
		{"namespace", "", "is empty", ""},
		{"namespace", ".", "is a directory", ""},
		{"namespace", "..", "is a directory", ""},
		{"namespace", "../escape", "has `/` in it", "escape"},
		{"namespace", "a\nb", "has a line break in it", "ab"},
		{"namespace", "\x1b[31mred", "has `\\x1b` in it", "31mred"},
		{"namespace", "host", "is the word for", ""},
		{"namespace", "ho st", "has a space in it", ""},
		{"namespace", "-x", "begins with `-`", "x"},
		{"namespace", "grün", "has `ü` in it", "grn"},
		{"lab", "host", "is the word for", ""},
		{"interface", "eth0", "", ""},
		{"interface", "123456789012345", "", ""},
		{"interface", "distribution-switch-1", "is 21 bytes long, and at most 15 fit", "distribution-s1"},
		{"interface", "v%d", "has `%` in it", "vd"},
		{"interface", "*", "has `*` in it", ""},
		{"interface", "~x", "has `~` in it", "x"},
		{"interface", "eth0@if3", "has `@` in it", "eth0"},
		{"interface", "eth0@NONE", "has `@` in it", "eth0"},
		{"interface", "eth0@h1", "has `@` in it", "h1:eth0"},
		{"interface", "h1/eth0", "has `/` in it", "h1:eth0"},
		{"interface", "10.0.0.1/24", "has `/` in it", "10.0.0.124"},
		{"interface", "x\x00y", "has a NUL byte in it", "xy"},
		{"interface", "x\xffy", "has `\\xff` in it", "xy"},
		{"interface", "all", "is what the kernel calls", "all0"},
		{"interface", "default", "is what the kernel calls", "default0"},
		{"interface", "lo", "is the loopback", ""},
		{"existing", "lo", "", ""},
		{"existing", "v%d", "has `%` in it", "vd"},
		{"identifier", "p2p_net", "", ""},
		{"identifier", "a-b", "has `-` in it", "ab"},
		{"identifier", "2x", "begins with a digit", "_2x"},
		{"identifier", "", "is empty", ""},
	} {
		err := checks[c.what](c.name)
		if c.why == "" {
			if err != nil {
				t.Errorf("%s %q: %v", c.what, c.name, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Why, c.why) || e.Proposal != c.proposal {
			t.Errorf("%s %q: %#v", c.what, c.name, err)
		}
	}
}

// A proposal passes the check itself, and a message is safe to print.
func TestProposal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "s"))
		for _, check := range []func(string) error{Namespace, Lab, Link, Identifier} {
			var e *Error
			if !errors.As(check(s), &e) {
				continue
			}
			if e.Proposal != "" && check(e.Proposal) != nil {
				t.Errorf("%q: proposes %q", s, e.Proposal)
			}
			if m := e.Error() + e.Help(); m != Quote(m) {
				t.Errorf("%q: %q", s, m)
			}
		}
	})
}

func TestQuote(t *testing.T) {
	for s, want := range map[string]string{
		"plain text": "plain text", "ünï": "ünï", "a\tb\n": `a\tb\n`, "\x1b[31m": `\x1b[31m`,
		"\xff": `\xff`, "\u202e": `\u202e`, "\ufffd": `\ufffd`, "\x9b": `\x9b`, "\u009b": `\u009b`, "": "",
	} {
		if got := Quote(s); got != want {
			t.Errorf("Quote(%q) = %q, want %q", s, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		q := Quote(string(rapid.SliceOf(rapid.Byte()).Draw(t, "s")))
		if !utf8.ValidString(q) || Quote(q) != q {
			t.Errorf("%q is not safe", q)
		}
	})
}

func TestNear(t *testing.T) {
	have := []string{"left", "right", "h1", "h2", "office-sw", "br-test", "x"}
	for want, near := range map[string]string{
		"rigth": "right", "lfet": "left", "Left": "left", "office_sw": "office-sw", "br-tets": "br-test", "brtest": "br-test",
		"h3": "", "h11": "", "h": "", "y": "", "middle": "", "": "", "lost": "", "office": "",
	} {
		got, ok := Near(want, have)
		if got != near || ok != (near != "") {
			t.Errorf("Near(%q) = %q", want, got)
		}
	}
}
