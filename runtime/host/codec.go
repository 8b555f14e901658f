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
func (ops Ops) MarshalJSON() ([]byte, error) { return ops.AppendJSON(nil) }

// AppendJSON appends what MarshalJSON writes.
func (ops Ops) AppendJSON(b []byte) ([]byte, error) {
	b = append(b, '[')
	for i, op := range ops {
		if i > 0 {
			b = append(b, ',')
		}
		body, err := json.Marshal(op)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, `{"Kind":"`...), reflect.TypeOf(op).Name()...), `","Op":`...)
		b = append(append(b, body...), '}')
	}
	return append(b, ']'), nil
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
