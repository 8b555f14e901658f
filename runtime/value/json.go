package value

import (
	"bytes"
	"encoding/json"
	"strings"
)

// The values marshal as JSON has them: numbers, booleans, null, lists and
// objects in their order; addresses and quantities as strings in their
// spelling; an Unknown as {"unknown": true}.

func (Null) MarshalJSON() ([]byte, error)       { return []byte("null"), nil }
func (i Int) MarshalJSON() ([]byte, error)      { return json.Marshal(i.N) }
func (t Text) MarshalJSON() ([]byte, error)     { return json.Marshal(t.S) }
func (i IP) MarshalJSON() ([]byte, error)       { return json.Marshal(i.String()) }
func (c CIDR) MarshalJSON() ([]byte, error)     { return json.Marshal(c.String()) }
func (m MAC) MarshalJSON() ([]byte, error)      { return json.Marshal(m.String()) }
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }
func (r Rate) MarshalJSON() ([]byte, error)     { return json.Marshal(r.String()) }
func (p Percent) MarshalJSON() ([]byte, error)  { return json.Marshal(p.String()) }
func (s Size) MarshalJSON() ([]byte, error)     { return json.Marshal(s.String()) }
func (r Range) MarshalJSON() ([]byte, error)    { return json.Marshal(r.String()) }
func (e End) MarshalJSON() ([]byte, error)      { return json.Marshal(e.String()) }
func (p *Pool) MarshalJSON() ([]byte, error)    { return json.Marshal(p.String()) }
func (Unknown) MarshalJSON() ([]byte, error)    { return []byte(`{"unknown":true}`), nil }

func (l List) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]Value(l))
}

func (m *Map) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for k, v := range m.All() {
		key, err := json.Marshal(k)
		if err != nil {
			return nil, err
		}
		val, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(val)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// FromJSON reads one JSON text. Strings become quoted texts, numbers with a
// fraction texts in their spelling; objects keep their order.
func FromJSON(data []byte) (Value, error) {
	// This also bounds the depth, which the decoder below does not.
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return decode(d)
}

func decode(d *json.Decoder) (Value, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		return Null{}, nil
	case bool:
		return Bool(t), nil
	case string:
		return NewText(t), nil
	case json.Number:
		return Parse(strings.ToLower(t.String())), nil
	case json.Delim:
		if t == '{' {
			return decodeMap(d)
		}
		return decodeList(d)
	}
	return Null{}, nil
}

func decodeMap(d *json.Decoder) (Value, error) {
	m := NewMap()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := decode(d)
		if err != nil {
			return nil, err
		}
		m.Set(key.(string), v)
	}
	_, err := d.Token()
	return m, err
}

func decodeList(d *json.Decoder) (Value, error) {
	l := List{}
	for d.More() {
		v, err := decode(d)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	_, err := d.Token()
	return l, err
}
