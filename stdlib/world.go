package stdlib

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"strings"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/value"
)

func env(c *Call) (value.Value, error) {
	return given(c, "variable of the environment", "set it, or give a default: env(%s, …)", func(s string) (value.Value, bool) {
		v, ok := c.Env.Getenv(s)
		return value.Parse(v), ok
	})
}

func arg(c *Call) (value.Value, error) {
	return given(c, "argument of the script", "give it on the command line, or a default: arg(%s, …)", c.Env.Arg)
}

// given looks up what the caller may have given, and else takes the default.
func given(c *Call, what, help string, get func(string) (value.Value, bool)) (value.Value, error) {
	var key string
	var otherwise value.Value
	if err := c.Unpack(&key, &otherwise); err != nil {
		return nil, err
	}
	if v, ok := get(key); ok {
		return v, nil
	}
	if otherwise != nil {
		return otherwise, nil
	}
	return nil, value.Errorf(diag.FunctionFailed, "no %s `%s`", what, name.Quote(key)).WithHelp(help, name.Quote(key))
}

func file(c *Call) (value.Value, error) {
	var path string
	if err := c.Unpack(&path); err != nil {
		return nil, err
	}
	data, err := c.Env.ReadFile(path)
	if errors.Is(err, value.ErrUnknown) {
		return nil, err
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		return nil, value.Errorf(diag.FunctionFailed, "cannot read `%s`: %s", name.Quote(path), name.Quote(at.Err.Error())).
			WithHelp("a relative path begins at the folder of the script")
	}
	if err != nil {
		return nil, err
	}
	return value.NewText(string(data)), nil
}

func exists(c *Call) (value.Value, error) { return look(c, Env.Exists) }
func addrs(c *Call) (value.Value, error)  { return look(c, Env.Addrs) }
func links(c *Call) (value.Value, error)  { return look(c, Env.Links) }
func routes(c *Call) (value.Value, error) { return look(c, Env.Routes) }

func look(c *Call, at func(Env, value.Value) (value.Value, error)) (value.Value, error) {
	var ref value.Value
	if err := c.Unpack(&ref); err != nil {
		return nil, err
	}
	if value.IsUnknown(ref) {
		return nil, value.ErrUnknown
	}
	return at(c.Env, ref)
}

func wgkey(c *Call) (value.Value, error) {
	var seed, private string
	if err := c.Unpack(&seed, &private); err != nil {
		return nil, err
	}
	if len(c.bound[1].args) > 0 {
		return publicKey(c, private)
	}
	key := make([]byte, 32)
	if len(c.bound[0].args) > 0 {
		sum := sha256.Sum256([]byte("vnet wgkey " + seed))
		copy(key, sum[:])
	} else {
		random := c.Env.Random()
		if random == nil {
			return value.Unknown{Why: "a random key"}, nil
		}
		if _, err := io.ReadFull(random, key); err != nil {
			return nil, err
		}
	}
	// As wg genkey does, so that other programs take the key unchanged.
	key[0] &= 248
	key[31] = key[31]&127 | 64
	return value.NewText(base64.StdEncoding.EncodeToString(key)), nil
}

func publicKey(c *Call, private string) (value.Value, error) {
	at := c.bound[1].args[0]
	if len(c.bound[0].args) > 0 {
		return nil, &ArgError{at, value.Errorf(diag.ArgCount, "it makes a private key from a seed, or the public key of one, not both").
			WithHelp("write wgkey(public=wgkey($seed))")}
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(private))
	if err == nil && len(raw) != 32 {
		err = errors.New("wrong length")
	}
	if err != nil {
		// The key itself stays out of the message.
		return nil, &ArgError{at, value.Errorf(diag.FunctionFailed, "this is not a private WireGuard key").
			WithHelp("one has 44 characters, as wg genkey and wgkey() make them")}
	}
	key, err := ecdh.X25519().NewPrivateKey(raw)
	if err != nil {
		return nil, err
	}
	return value.NewText(base64.StdEncoding.EncodeToString(key.PublicKey().Bytes())), nil
}
