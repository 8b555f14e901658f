package parse

import (
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/lex"
	"vnet/lang/token"
	"vnet/lang/usage"
)

// A form is what a grammar fills in; it makes a statement of itself.
type form interface {
	build(s *session, at token.Span) (ast.Stmt, error)
}

// A grammar reads one statement.
type grammar interface {
	parse(lx *lexer.PeekingLexer) (form, error)
	ebnf() string
}

// A production is the participle grammar of T, built when it is first used.
type production[T any] struct {
	word  string
	once  sync.Once
	built *participle.Parser[T]
}

func of[T any](word string) grammar { return &production[T]{word: word} }

func (p *production[T]) parser() *participle.Parser[T] {
	p.once.Do(func() {
		options := append(roles(usage.Of(p.word)), participle.Lexer(lex.Definition{}), participle.UseLookahead(0))
		p.built = participle.MustBuild[T](options...)
	})
	return p.built
}

func (p *production[T]) parse(lx *lexer.PeekingLexer) (form, error) {
	f, err := p.parser().ParseFromLexer(lx, participle.AllowTrailing(true))
	if err != nil {
		return nil, err
	}
	return any(f).(form), nil
}

func (p *production[T]) ebnf() string { return p.parser().String() }

// grammars holds the grammar of every statement, by its word, or by its first
// two where the second decides. The one of no word is the call of a function.
var grammars map[string]grammar

func init() { // a table literal would be an initialization cycle
	grammars = map[string]grammar{
		"":            of[call](""),
		"addr":        of[addr]("addr"),
		"break":       of[breaks]("break"),
		"bridge":      of[device]("bridge"),
		"commit":      of[commit]("commit"),
		"continue":    of[continues]("continue"),
		"def":         of[def]("def"),
		"defer":       of[wrapper]("defer"),
		"dns":         of[dns]("dns"),
		"dummy":       of[device]("dummy"),
		"echo":        of[say]("echo"),
		"ensure":      of[wrapper]("ensure"),
		"exec":        of[exec]("exec"),
		"expect":      of[expect]("expect"),
		"fail":        of[say]("fail"),
		"for":         of[loop]("for"),
		"forward":     of[forward]("forward"),
		"hosts":       of[hosts]("hosts"),
		"if":          of[choice]("if"),
		"ifb":         of[device]("ifb"),
		"import":      of[imports]("import"),
		"in":          of[in]("in"),
		"lab":         of[lab]("lab"),
		"let":         of[let]("let"),
		"link del":    of[linkDel]("link"),
		"link set":    of[linkSet]("link"),
		"logs":        of[logs]("logs"),
		"macvlan":     of[device]("macvlan"),
		"neigh":       of[neigh]("neigh"),
		"ns":          of[ns]("ns"),
		"ns del":      of[nsDel]("ns"),
		"on rollback": of[onRollback]("on"),
		"parallel":    of[parallel]("parallel"),
		"param":       of[param]("param"),
		"return":      of[returns]("return"),
		"route":       of[route]("route"),
		"rule":        of[rule]("rule"),
		"set":         of[let]("set"),
		"show":        of[show]("show"),
		"spawn":       of[spawn]("spawn"),
		"stop":        of[stop]("stop"),
		"sysctl":      of[sysctl]("sysctl"),
		"tap":         of[device]("tap"),
		"test":        of[test]("test"),
		"transaction": of[transaction]("transaction"),
		"try":         of[try]("try"),
		"tun":         of[device]("tun"),
		"uplink":      of[device]("uplink"),
		"veth":        of[veth]("veth"),
		"vxlan":       of[device]("vxlan"),
		"wait":        of[wait]("wait"),
		"warn":        of[say]("warn"),
		"while":       of[while]("while"),
	}
}
