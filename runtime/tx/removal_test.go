package tx_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// A crowd is a model that counts how often it is asked to remove namespaces,
// and does not remove the one called stuck.
type crowd struct {
	*model.Net
	asked [][]string
	stuck string
}

func (c *crowd) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	var names []string
	for _, op := range ops {
		if del, ok := op.(host.NamespaceDel); ok {
			names = append(names, del.Name)
		}
	}
	if len(names) == 0 {
		return c.Net.Apply(ctx, ops, intend)
	}
	c.asked = append(c.asked, names)
	if i := slices.Index(names, c.stuck); i >= 0 {
		results := c.Net.Apply(ctx, ops[:i], intend)
		results = append(results, host.Result{Err: errors.New("it is stuck")})
		for range ops[i+1:] {
			results = append(results, host.Result{Skipped: true})
		}
		return results
	}
	return c.Net.Apply(ctx, ops, intend)
}

// What a rollback removes whole goes in one go, newest first, though other
// things were made in between.
func TestRollbackRemovesTogether(t *testing.T) {
	for _, c := range []struct {
		stuck string
		old   bool // something is done to what was there before, in the middle
		asked string
		left  string
	}{
		{asked: "[[n3 n2 n1 n0]]"},
		{old: true, asked: "[[n3 n2] [n1 n0]]"},
		{stuck: "n2", asked: "[[n3 n2 n1 n0] [n3] [n2] [n1] [n0]]", left: "n2"},
	} {
		t.Run(c.asked, func(t *testing.T) {
			net := &crowd{Net: model.New(model.Options{}), stuck: c.stuck}
			if r := net.Apply(t.Context(), []host.Op{host.NamespaceAdd{Name: "old"}}, nil); r[0].Err != nil {
				t.Fatal(r[0].Err)
			}
			log := tx.New(net, model.New(model.Options{}))
			do := func(op host.Op) {
				t.Helper()
				if err := log.Do(t.Context(), tx.Step{Op: op}); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 4 {
				name := fmt.Sprintf("n%d", i)
				if c.old && i == 2 {
					do(host.LinkAdd{Link: host.Link{NS: "old", Name: "d0", Kind: "dummy"}})
				}
				do(host.NamespaceAdd{Name: name})
				do(host.LinkAdd{Link: host.Link{NS: name, Name: "d0", Kind: "dummy"}})
			}
			u := log.Rollback(t.Context(), 0, nil)
			if got := fmt.Sprint(net.asked); got != c.asked {
				t.Errorf("asked for %s, want %s", got, c.asked)
			}
			if len(u.Left) != len(c.left)/2 {
				t.Errorf("trouble: %v", u.Left)
			}
			names, _ := net.Namespaces(t.Context())
			if got := strings.Join(names, " "); got != strings.TrimSpace(c.left+" old") {
				t.Errorf("what is there: %s", got)
			}
		})
	}
}
