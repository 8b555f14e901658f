// Package lang holds the reference of the language; what reads and writes it is
// in the packages below.
package lang

import _ "embed"

// Reference is SPEC.md.
//
//go:embed SPEC.md
var Reference string
