package host

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// kinds are the operations by the name they bear in a journal. A name is
// never given to another operation.
var kinds = map[string]reflect.Type{}

func init() {
	for _, op := range []Op{
		NamespaceAdd{}, NamespaceAdopt{}, NamespaceDel{}, LinkAdd{}, LinkDel{}, LinkSet{}, LinkMove{},
		AddrSet{}, RouteSet{}, RuleSet{}, NeighSet{}, SysctlSet{}, HostsAdd{}, DNSSet{}, FileRestore{},
		GroupAdd{}, GroupKill{},
		LinkExhume{}, LinkPurge{}, NamespaceUnpark{}, NamespacePurge{},
	} {
		t := reflect.TypeOf(op)
		kinds[t.Name()] = t
	}
}

// Ops are operations that can be written to a journal as JSON and read back.
type Ops []Op

type encoded struct {
	Kind string
	Op   json.RawMessage
}

// MarshalJSON writes each operation with the name of its kind.
func (ops Ops) MarshalJSON() ([]byte, error) {
	out := make([]encoded, len(ops))
	for i, op := range ops {
		body, err := json.Marshal(op)
		if err != nil {
			return nil, err
		}
		out[i] = encoded{reflect.TypeOf(op).Name(), body}
	}
	return json.Marshal(out)
}

// UnmarshalJSON refuses an operation it does not know.
func (ops *Ops) UnmarshalJSON(data []byte) error {
	var in []encoded
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*ops = make(Ops, len(in))
	for i, e := range in {
		t, ok := kinds[e.Kind]
		if !ok {
			return fmt.Errorf("no operation %q", e.Kind)
		}
		v := reflect.New(t)
		if err := json.Unmarshal(e.Op, v.Interface()); err != nil {
			return fmt.Errorf("%s: %w", e.Kind, err)
		}
		(*ops)[i] = v.Elem().Interface().(Op)
	}
	return nil
}
