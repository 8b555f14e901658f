package complete

import (
	"fmt"

	"vnet/lang/usage"
)

// placeholders are the short names of kinds, for those that are not named by
// a list of words.
var placeholders = map[usage.Kind]string{
	usage.Int: "number", usage.MAC: "mac", usage.IP: "address", usage.CIDR: "address/length", usage.Dest: "destination",
	usage.Duration: "duration", usage.Rate: "rate", usage.Percent: "percentage", usage.Size: "size", usage.Name: "namespace",
	usage.Link: "interface", usage.End: "namespace:interface", usage.Text: "text", usage.Path: "path", usage.Port: "port",
	usage.User: "user", usage.Value: "value", usage.NewName: "new namespace", usage.NewLink: "new interface",
	usage.NewEnd: "namespace:new interface", usage.Bridge: "bridge", usage.Target: "target", usage.Gateway: "gateway",
	usage.OwnIP: "address", usage.Spawned: "program", usage.Command: "program", usage.Argument: "argument",
	usage.Module: "module", usage.Sysctl: "parameter", usage.Variable: "variable", usage.NewVar: "new variable",
	usage.NewFunc: "new function", usage.Fresh: "new name", usage.Topic: "word", usage.Savepoint: "savepoint",
	usage.Expr: "expression", usage.Switch: "on|off", usage.Word: "word",
}

func (o *offerer) placeholder(k usage.Kind) {
	if p := placeholders[k]; p != "" {
		o.add(KindPlaceholder, "<"+p+">", k.Phrase())
	}
}

// bounded is the placeholder for an argument of an option.
func (o *offerer) bounded(k usage.Kind, u *usage.Option) {
	if k == usage.Int && u.Max != 0 {
		o.add(KindPlaceholder, "<number>", fmt.Sprintf("a number from %d to %d: %s", u.Min, u.Max, u.Doc))
		return
	}
	if p := placeholders[k]; p != "" {
		o.add(KindPlaceholder, "<"+p+">", k.Phrase()+": "+u.Doc)
	}
}
