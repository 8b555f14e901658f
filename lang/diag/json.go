package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"vnet/lang/token"
)

// A record is a diagnostic as programs read it. Every key is always there.
type record struct {
	Code     Code   `json:"code"`
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	place
	Label  string   `json:"label"`
	Notes  []remark `json:"notes"`
	Kernel string   `json:"kernel"`
	Inside []string `json:"inside"`
	Output string   `json:"output"`
	Help   []string `json:"help"`
}

type remark struct {
	place
	Text string `json:"text"`
}

// A place counts lines and columns from 1, columns in characters; 0 is no
// place. The end is the first character behind the stretch.
type place struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
}

func placeOf(s token.Span) place {
	return place{s.Pos.Filename, s.Pos.Line, s.Pos.Column, s.End.Line, s.End.Column}
}

// MarshalJSON gives the diagnostic in the form of `--json`.
func (d *Diagnostic) MarshalJSON() ([]byte, error) {
	r := record{
		Code: d.Code, Severity: d.Severity.String(), Summary: d.Summary,
		place: placeOf(d.Span), Label: d.Label, Notes: []remark{},
		Kernel: d.Kernel, Inside: append([]string{}, d.Inside...), Output: d.Output,
		Help: append([]string{}, d.Help...),
	}
	for _, n := range d.Notes {
		r.Notes = append(r.Notes, remark{placeOf(n.Span), n.Text})
	}
	return Marshal(r)
}

// JSON writes the list as one object a line.
func (l List) JSON(w io.Writer) error {
	var b bytes.Buffer
	for _, d := range l {
		line, err := d.MarshalJSON()
		if err != nil {
			return err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Marshal encodes a value as JSON that people can read on a terminal: <-> is
// not escaped, and what a terminal might obey is.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, r := range string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))) {
		if 0x7f <= r && r < 0xa0 || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 {
			fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	return out.Bytes(), nil
}
