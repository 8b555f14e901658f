package value

import (
	"errors"
	"fmt"

	"vnet/lang/diag"
	"vnet/lang/name"
)

// ErrUnknown is returned by the As functions for an Unknown: the caller goes
// on without the value.
var ErrUnknown = errors.New("known only when the script runs")

// An Error says what is wrong with a value and what to write.
type Error struct {
	Code    diag.Code
	Summary string
	Help    string // may be empty
}

func (e *Error) Error() string { return e.Summary }

// Errorf makes an Error; its arguments are to be safe to print: see Show.
func Errorf(code diag.Code, format string, args ...any) *Error {
	return &Error{Code: code, Summary: fmt.Sprintf(format, args...)}
}

// WithHelp adds what to write instead.
func (e *Error) WithHelp(format string, args ...any) *Error {
	e.Help = fmt.Sprintf(format, args...)
	return e
}

// Show gives v for a message: safe to print, and not too long.
func Show(v Value) string {
	const limit = 60
	var s string
	switch v := v.(type) {
	case Text:
		s = name.Quote(v.S[:min(len(v.S), 4*limit)])
	case List, *Map:
		s = written(v, 4*limit)
	default:
		s = Source(v)
	}
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
