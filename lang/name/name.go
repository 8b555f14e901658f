// Package name has the one validator of names: of namespaces, links, labs and
// of the language's own identifiers. What passes it may become a file name, go
// to the kernel and be printed; so names read back from a journal pass it too.
package name

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Lengths in bytes; MaxLink is the kernel's IFNAMSIZ without its NUL.
const (
	MaxNamespace = 64
	MaxLink      = 15
)

// Host is the word for the namespace that vnet was started in.
const Host = "host"

// An Error says why a name may not be used, in words for the user.
type Error struct {
	What     string // "namespace", "interface", "lab", "program", "identifier"
	Name     string // as written: print it with Quote
	Why      string // "is 22 bytes long, and at most 15 fit"
	Proposal string // a name that would do, or ""
	TooLong  bool   // the length is all that is wrong
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s `%s` %s", e.What, Quote(shortened(e.Name)), e.Why)
}

// shortened is a name for a message: whoever sees its beginning knows it.
func shortened(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	end := most / 2
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// Help is the remedy as one line, or "".
func (e *Error) Help() string {
	if e.Proposal == "" {
		return ""
	}
	return fmt.Sprintf("write `%s`", e.Proposal)
}

// Namespace checks the name of a namespace.
func Namespace(s string) error {
	if s == Host {
		return &Error{What: "namespace", Name: s, Why: "is the word for the namespace that vnet was started in"}
	}
	return check("namespace", s, MaxNamespace)
}

// Lab checks the name of a lab.
func Lab(s string) error {
	if s == Host {
		return &Error{What: "lab", Name: s, Why: "is the word for the namespace that vnet was started in"}
	}
	return check("lab", s, MaxNamespace)
}

// Program checks the name of a program in the background.
func Program(s string) error { return check("program", s, MaxNamespace) }

// Link checks the name of an interface that is to be made or renamed.
func Link(s string) error {
	switch s {
	case "lo":
		return &Error{What: "interface", Name: s, Why: "is the loopback that every namespace has already"}
	case "all", "default":
		return &Error{What: "interface", Name: s, Why: "is what the kernel calls the settings of every interface", Proposal: s + "0"}
	}
	err := check("interface", s, MaxLink)
	if e, bad := err.(*Error); bad {
		if end := asEnd(s); end != "" {
			e.Proposal = end
		}
	}
	return err
}

// asEnd reads what others write for an interface in a namespace, IF@NS or NS/IF,
// and what ip-link(8) shows of one whose other end is elsewhere: IF@ifN. Empty
// when it is none of that.
func asEnd(s string) string {
	link, ns, at := strings.Cut(s, "@")
	if at && check("interface", link, MaxLink) == nil && (ns == "NONE" || strings.Trim(ns, "0123456789") == "if") {
		return link
	}
	if !at {
		ns, link, at = strings.Cut(s, "/")
	}
	if !at || strings.Trim(link, "0123456789") == "" || check("interface", link, MaxLink) != nil || check("namespace", ns, MaxNamespace) != nil {
		return ""
	}
	return ns + ":" + link
}

// ExistingLink checks the name of an interface that is there already: lo too,
// but still nothing that could not be printed or be a path.
func ExistingLink(s string) error {
	if s == "lo" {
		return nil
	}
	return Link(s)
}

// Identifier checks the name of a variable, parameter or function.
func Identifier(s string) error {
	e := &Error{What: "identifier", Name: s}
	switch {
	case s == "":
		e.Why = "is empty"
	case isDigit(s[0]):
		e.Why = "begins with a digit"
	default:
		bad, found := firstBad(s, isIdent)
		if !found {
			return nil
		}
		e.Why = "has " + bad + " in it; letters, digits and _ are allowed"
	}
	e.Proposal = tidy(s, isIdent)
	if e.Proposal != "" && isDigit(e.Proposal[0]) {
		e.Proposal = "_" + e.Proposal
	}
	return e
}

func check(what, s string, limit int) error {
	e := &Error{What: what, Name: s}
	bad, found := firstBad(s, isName)
	switch {
	case s == "":
		e.Why = "is empty"
	case s == "." || s == "..":
		e.Why = "is a directory and cannot be a name"
	case found:
		e.Why = "has " + bad + " in it; letters, digits and _ . - are allowed"
		e.Proposal = fit(tidy(s, isName), limit)
	case s[0] == '.' || s[0] == '-':
		e.Why = fmt.Sprintf("begins with `%c`", s[0])
		e.Proposal = fit(tidy(s, isName), limit)
	case len(s) > limit:
		e.Why = fmt.Sprintf("is %d bytes long, and at most %d fit", len(s), limit)
		e.Proposal, e.TooLong = fit(s, limit), true
	default:
		return nil
	}
	if reserved(e.Proposal, what) {
		e.Proposal = ""
	}
	return e
}

func reserved(s, what string) bool {
	if what == "interface" {
		return s == "lo" || s == "all" || s == "default"
	}
	return s == Host
}

// firstBad describes the first character that may not stand in a name.
func firstBad(s string, allowed func(byte) bool) (string, bool) {
	for i, r := range s {
		if r < 0x80 && allowed(byte(r)) {
			continue
		}
		switch r {
		case ' ':
			return "a space", true
		case '\n':
			return "a line break", true
		case 0:
			return "a NUL byte", true
		case 0xFFFD:
			return "`" + Quote(s[i:i+1]) + "`", true
		}
		return "`" + Quote(string(r)) + "`", true
	}
	return "", false
}

// tidy leaves out what may not stand in a name, and what may not begin it.
func tidy(s string, allowed func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if allowed(s[i]) {
			b.WriteByte(s[i])
		}
	}
	return strings.TrimLeft(b.String(), ".-")
}

// fit shortens s to limit bytes. The end of a name is kept, since that is
// where the number stands: distribution-switch-1 becomes distribution-s1.
func fit(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	tail := s[len(strings.TrimRight(s, "0123456789")):]
	if len(tail) > limit/2 {
		tail = tail[len(tail)-limit/2:]
	}
	return strings.TrimRight(s[:limit-len(tail)], ".-") + tail
}

func isName(c byte) bool { return isIdent(c) || c == '.' || c == '-' }

func isIdent(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
