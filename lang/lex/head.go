package lex

import "vnet/lang/usage"

// A head follows a statement far enough to know where the argument list of a
// program begins.
type head struct {
	stage    stage
	expr     bool // an expression: a word such as + at the end of a line goes on
	prefixes int  // try, in X, defer … before the statement proper
}

type stage int

const (
	start     stage = iota // the statement's word comes
	afterOn                // on: rollback comes
	inFirst                // in: the first namespace comes
	inMore                 // in X: more namespaces, or the statement's word
	condition              // expect: [no], then what to look at
	waiting                // wait: until comes
	binding                // let x: = comes
	bound                  // let x =: exec may come
	other                  // nothing more to learn
)

// word takes in the next word and reports whether an argument list begins
// after it, and whether the word was a prefix.
func (h *head) word(w string) (args, prefix bool) {
	switch h.stage {
	case start:
		return h.first(w)
	case afterOn:
		h.stage = other
		if w == "rollback" {
			h.stage = start
			return false, true
		}
	case inFirst:
		h.stage = inMore
	case inMore:
		if usage.Reserved(w) {
			return h.first(w)
		}
	case condition:
		if w == "exec" {
			h.stage = other
			return true, false
		}
		if w != "no" {
			h.stage = other
		}
	case waiting:
		if w == "until" {
			h.stage = condition
		}
	case bound:
		h.stage = other
		return w == "exec" || w == "spawn", false
	}
	return false, false
}

// first takes in a statement's word.
func (h *head) first(w string) (args, prefix bool) {
	h.stage = other
	switch w {
	case "exec", "spawn":
		return true, false
	case "try", "defer", "ensure":
		h.stage = start
		return false, true
	case "on":
		h.stage = afterOn
	case "in":
		h.stage = inFirst
		return false, true
	case "expect":
		h.stage, h.expr = condition, true
	case "wait":
		h.stage, h.expr = waiting, true
	case "let", "set":
		h.stage, h.expr = binding, true
	case "return":
		h.stage, h.expr = bound, true
	case "else": // a chain of else if nests like a prefix
		h.stage = start
		return false, true
	case "if", "while", "for", "param":
		h.expr = true
	}
	return false, false
}

// operand takes in something that is not a plain word: a quoted text, a bracket.
func (h *head) operand() {
	switch h.stage {
	case inFirst:
		h.stage = inMore
	case start, condition, bound, afterOn:
		h.stage = other
	}
}

func (h *head) sign(sign string) {
	if sign == "=" && h.stage == binding {
		h.stage = bound
	}
}
