package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// latest bounds the times of a token, so that they can be converted, added to and printed everywhere.
var latest = float64(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix())

// claims of a token. Names are compared exactly: decoding into a struct would take "Role", which an issuer may let users
// set, for "role".
type claims struct{ jwt.MapClaims }

// UnmarshalJSON refuses names that occur twice, as RFC 7519 (section 4) allows: who checked the token before us may have
// looked at the other one.
func (c *claims) UnmarshalJSON(b []byte) error {
	if err := uniqueNames(b); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &c.MapClaims); err != nil {
		return err
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		if seconds, _ := c.MapClaims[name].(float64); math.Abs(seconds) > latest {
			return fmt.Errorf("its %s is beyond the year 9999", name)
		}
	}
	return nil
}

// uniqueNames fails when the members of a JSON object have a name twice; those of inner objects are of no concern.
func uniqueNames(object []byte) error {
	dec := json.NewDecoder(bytes.NewReader(object))
	start, err := dec.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[json.Token]bool{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		if seen[name] {
			return fmt.Errorf("%q occurs twice", name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}

// user returns the user id in a claim. An e-mail address that the issuer says it did not verify is anybody's.
func (c claims) user(claim string) (string, error) {
	id, _ := c.MapClaims[claim].(string)
	if !ValidUserID(id) {
		return "", fmt.Errorf("its %s is no user id", claim)
	}
	if verified, told := c.MapClaims["email_verified"]; claim == "email" && told && verified != true {
		return "", errors.New("its email is not verified")
	}
	return id, nil
}

// role returns the role in a claim. A list comes from a directory that has groups for other purposes too, so what is
// unknown in it is passed over; an unknown string was meant for us and is refused.
func (c claims) role(claim string) (Role, error) {
	switch value := c.MapClaims[claim].(type) {
	case nil:
		return RoleUser, nil
	case string:
		switch role := Role(value); role {
		case RoleUser, RoleService, RoleAdmin:
			return role, nil
		}
		return "", fmt.Errorf("its %s is unknown", claim)
	case []any:
		return highest(value)
	}
	return "", fmt.Errorf("its %s is neither a string nor a list of strings", claim)
}

func highest(names []any) (Role, error) {
	role := RoleUser
	for _, name := range names {
		name, ok := name.(string)
		switch {
		case !ok:
			return "", errors.New("its list of roles has something that is no string")
		case Role(name) == RoleAdmin, Role(name) == RoleService && role != RoleAdmin:
			role = Role(name)
		}
	}
	return role, nil
}
