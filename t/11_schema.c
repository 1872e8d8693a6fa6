/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schema evaluator: what each keyword refuses, with the place and code
 * of every fault; which documents it refuses to compile; and that the
 * examples of our own documents are as their schemas say.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../shared/arena.h"
#include "../shared/buf.h"
#include "../shared/err.h"
#include "../shared/json.h"
#include "../shared/schema.h"
#include "tap.h"

#define MANY_9	"999999999999999999999999999999"

/* A schema, a value, and the faults as "pointer CODE" with commas. */
static const struct {
	const char	*schema;
	const char	*value;
	const char	*faults;
} checks[] = {
	/* type */
	{ "{}", "{\"a\":[1,null,\"x\"]}", "" },
	{ "{\"type\":\"string\"}", "\"x\"", "" },
	{ "{\"type\":\"string\"}", "1", " WRONG_TYPE" },
	{ "{\"type\":\"string\"}", "null", " WRONG_TYPE" },
	{ "{\"type\":\"boolean\"}", "true", "" },
	{ "{\"type\":\"boolean\"}", "0", " WRONG_TYPE" },
	{ "{\"type\":\"null\"}", "null", "" },
	{ "{\"type\":\"null\"}", "false", " WRONG_TYPE" },
	{ "{\"type\":\"array\"}", "[1,\"a\"]", "" },
	{ "{\"type\":\"array\"}", "{}", " WRONG_TYPE" },
	{ "{\"type\":\"object\"}", "{\"a\":1}", "" },
	{ "{\"type\":\"object\"}", "[]", " WRONG_TYPE" },
	{ "{\"type\":[\"string\",\"null\"]}", "null", "" },
	{ "{\"type\":[\"string\",\"null\"]}", "\"\"", "" },
	{ "{\"type\":[\"string\",\"null\"]}", "1", " WRONG_TYPE" },
	/* integers and numbers */
	{ "{\"type\":\"integer\"}", "-3", "" },
	{ "{\"type\":\"integer\"}", "3.0", "" },
	{ "{\"type\":\"integer\"}", "3.5", " WRONG_TYPE" },
	{ "{\"type\":\"integer\"}", "\"3\"", " WRONG_TYPE" },
	{ "{\"type\":\"integer\"}", "9007199254740991", "" },
	{ "{\"type\":\"integer\"}", "-9007199254740991", "" },
	{ "{\"type\":\"integer\"}", "9007199254740992", " OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", "-9007199254740992", " OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", "9223372036854775808", " OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", "1e999", " OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", "-1e999", " OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", MANY_9 MANY_9 MANY_9, " OUT_OF_RANGE" },
	{ "{\"type\":\"number\"}", "3.5", "" },
	{ "{\"type\":\"number\"}", "1e300", "" },
	{ "{\"type\":\"number\"}", "1e999", " OUT_OF_RANGE" },
	{ "{\"type\":\"integer\",\"minimum\":1}", "1", "" },
	{ "{\"type\":\"integer\",\"minimum\":1}", "0", " OUT_OF_RANGE" },
	{ "{\"type\":\"integer\",\"maximum\":100}", "100", "" },
	{ "{\"type\":\"integer\",\"maximum\":100}", "101", " OUT_OF_RANGE" },
	{ "{\"minimum\":5}", "\"1\"", "" },
	/* strings: lengths are in code points */
	{ "{\"minLength\":2}", "\"\\uD83D\\uDE00\"", " TOO_SHORT" },
	{ "{\"minLength\":2}", "\"\\u00e9\\u00e9\"", "" },
	{ "{\"maxLength\":2}", "\"\\uD83D\\uDE00\\u00e9\"", "" },
	{ "{\"maxLength\":2}", "\"abc\"", " TOO_LONG" },
	{ "{\"maxLength\":0}", "\"\"", "" },
	{ "{\"x-max-bytes\":4}", "\"\\u00e9\\u00e9\"", "" },
	{ "{\"items\":{\"type\":\"string\"},\"x-each\":true}", "[1]", "" },
	{ "{\"items\":{\"type\":\"string\"},\"x-each\":false}", "[1]",
	    "/0 WRONG_TYPE" },
	{ "{\"x-max-bytes\":4}", "\"\\u00e9\\u00e9a\"", " TOO_LONG" },
	{ "{\"minLength\":3,\"pattern\":\"^b\"}", "\"a\"", " TOO_SHORT" },
	{ "{\"pattern\":\"^[a-f]{2}$\"}", "\"ab\"", "" },
	{ "{\"pattern\":\"^[a-f]{2}$\"}", "\"abc\"", " WRONG_PATTERN" },
	{ "{\"pattern\":\"^[a-f]{2}$\"}", "\"ab\\n\"", " WRONG_PATTERN" },
	{ "{\"pattern\":\"b\"}", "\"abc\"", "" },
	{ "{\"pattern\":\"^ba*\"}", "\"baa\"", "" },
	{ "{\"pattern\":\"^(a|b\\\\.)+$\"}", "\"ab.\"", "" },
	{ "{\"pattern\":\"^(a|b\\\\.)+$\"}", "\"abx\"", " WRONG_PATTERN" },
	/* enum, const */
	{ "{\"enum\":[\"A\",\"B\"]}", "\"B\"", "" },
	{ "{\"enum\":[\"A\",\"B\"]}", "\"b\"", " NOT_IN_ENUM" },
	{ "{\"enum\":[1,null]}", "null", "" },
	{ "{\"enum\":[1,null]}", "2", " NOT_IN_ENUM" },
	{ "{\"const\":\"Bearer\"}", "\"Bearer\"", "" },
	{ "{\"const\":\"Bearer\"}", "\"bearer\"", " NOT_IN_ENUM" },
	{ "{\"const\":true}", "true", "" },
	{ "{\"const\":true}", "false", " NOT_IN_ENUM" },
	/* arrays */
	{ "{\"minItems\":1}", "[]", " TOO_FEW" },
	{ "{\"minItems\":1,\"maxItems\":2}", "[1,2]", "" },
	{ "{\"maxItems\":2}", "[1,2,3]", " TOO_MANY" },
	{ "{\"items\":{\"type\":\"integer\"}}", "[1,2]", "" },
	{ "{\"items\":{\"type\":\"integer\"}}", "[1,\"a\",2,null]",
	    "/1 WRONG_TYPE,/3 WRONG_TYPE" },
	{ "{\"maxItems\":1,\"items\":{\"type\":\"integer\"}}", "[1,\"a\"]",
	    " TOO_MANY,/1 WRONG_TYPE" },
	/* objects */
	{ "{\"additionalProperties\":false}", "{}", "" },
	{ "{\"additionalProperties\":false}", "{\"a\":1}",
	    "/a UNKNOWN_MEMBER" },
	{ "{\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"b\":1}", "" },
	{ "{\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"a\":\"\"}",
	    "/a WRONG_TYPE" },
	{ "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
	    "{\"A\":1}", "/A UNKNOWN_MEMBER" },
	{ "{\"properties\":{\"a\":{},\"b\":{}},\"required\":[\"a\",\"b\"]}",
	    "{\"b\":null}", "/a REQUIRED" },
	{ "{\"required\":[\"b\"],\"properties\":{\"a\":{},\"b\":{}}}",
	    "{}", "/b REQUIRED" },
	{ "{\"minProperties\":1}", "{}", " TOO_FEW" },
	{ "{\"maxProperties\":1}", "{\"a\":1,\"b\":2}", " TOO_MANY" },
	{ "{\"additionalProperties\":{\"type\":\"integer\"}}",
	    "{\"a\":1,\"b\":\"\"}", "/b WRONG_TYPE" },
	{ "{\"properties\":{\"a\":{\"type\":\"null\"}},"
	    "\"additionalProperties\":{\"type\":\"integer\"}}",
	    "{\"a\":null,\"b\":null}", "/b WRONG_TYPE" },
	{ "{\"propertyNames\":{\"pattern\":\"^[a-z]+$\",\"maxLength\":3}}",
	    "{\"ab\":1,\"a1\":2,\"abcd\":3,\"\":4}",
	    "/a1 WRONG_NAME,/abcd WRONG_NAME,/ WRONG_NAME" },
	{ "{\"propertyNames\":{\"maxLength\":1},"
	    "\"additionalProperties\":{\"type\":\"null\"}}",
	    "{\"ab\":1,\"c\":2}", "/ab WRONG_NAME,/c WRONG_TYPE" },
	/* pointers */
	{ "{\"additionalProperties\":false}", "{\"a/b~c\":1}",
	    "/a~1b~0c UNKNOWN_MEMBER" },
	{ "{\"properties\":{\"a\":{\"items\":{\"properties\":{\"n\":"
	    "{\"type\":\"integer\",\"minimum\":1}},\"required\":[\"n\"]}}}}",
	    "{\"a\":[{\"n\":0},{},{\"n\":1}]}",
	    "/a/0/n OUT_OF_RANGE,/a/1/n REQUIRED" },
	/* all faults at once */
	{ "{\"type\":\"object\",\"additionalProperties\":false,"
	    "\"properties\":{\"a\":{\"type\":\"string\",\"maxLength\":1},"
	    "\"b\":{\"type\":\"integer\"},\"c\":{}},\"required\":[\"c\"]}",
	    "{\"x\":1,\"b\":\"\",\"a\":\"aa\"}",
	    "/x UNKNOWN_MEMBER,/b WRONG_TYPE,/a TOO_LONG,/c REQUIRED" },
	/* components; T is a tree, V a value with oneOf, N another name */
	{ "{\"$ref\":\"#/components/schemas/N\"}", "\"\"", " WRONG_TYPE" },
	{ "{\"$ref\":\"#/components/schemas/N\"}", "4", "" },
	{ "{\"$ref\":\"#/components/schemas/N\"}", "6", " OUT_OF_RANGE" },
	{ "{\"$ref\":\"#/components/schemas/T\"}",
	    "{\"n\":1,\"kids\":[{\"n\":2,\"kids\":[]},{\"n\":9}]}",
	    "/kids/1/n OUT_OF_RANGE" },
	{ "{\"$ref\":\"#/components/schemas/V\"}", "{\"n\":1}", "" },
	{ "{\"$ref\":\"#/components/schemas/V\"}",
	    "{\"all\":[{\"n\":1},{\"not\":{\"n\":2}}]}", "" },
	{ "{\"$ref\":\"#/components/schemas/V\"}",
	    "{\"all\":[{\"n\":1,\"x\":1},{\"not\":{\"n\":\"\"}}]}",
	    "/all/0/x UNKNOWN_MEMBER,/all/1/not/n WRONG_TYPE" },
	{ "{\"$ref\":\"#/components/schemas/V\"}", "{}", " NOT_ONE_OF" },
	{ "{\"$ref\":\"#/components/schemas/V\"}", "{\"n\":1,\"all\":[]}",
	    " NOT_ONE_OF" },
	{ "{\"$ref\":\"#/components/schemas/V\"}", "1", " WRONG_TYPE" },
};

static const char components[] = "{\"components\":{\"schemas\":{"
    "\"Num\":{\"type\":\"integer\",\"maximum\":5,\"default\":3},"
    "\"N\":{\"$ref\":\"#/components/schemas/Num\",\"description\":\"x\"},"
    "\"T\":{\"type\":\"object\",\"required\":[\"n\"],\"properties\":{"
    "\"n\":{\"$ref\":\"#/components/schemas/N\"},"
    "\"kids\":{\"items\":{\"$ref\":\"#/components/schemas/T\"}}}},"
    "\"V\":{\"oneOf\":["
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":"
    "[\"all\"],\"properties\":{\"all\":{\"type\":\"array\",\"items\":"
    "{\"$ref\":\"#/components/schemas/V\"}}}},"
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":"
    "[\"not\"],\"properties\":{\"not\":"
    "{\"$ref\":\"#/components/schemas/V\"}}},"
    "{\"$ref\":\"#/components/schemas/Leaf\"}]},"
    "\"Leaf\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"n\"],\"properties\":{"
    "\"n\":{\"$ref\":\"#/components/schemas/Num\"}}},"
    "\"Round\":{\"$ref\":\"#/components/schemas/Trip\"},"
    "\"Trip\":{\"$ref\":\"#/components/schemas/Round\"},"
    "\"Bad\":{\"type\":\"object\",\"properties\":{\"a/b\":"
    "{\"type\":\"string\",\"nullable\":true}}}}}}";

/* Schemas that must not compile, and the detail of the error. */
static const struct {
	const char	*schema;
	const char	*detail;
} broken[] = {
	{ "1", "/x: must be a schema" },
	{ "{\"allOf\":[]}", "/x/allOf: unknown keyword" },
	{ "{\"Type\":\"string\"}", "/x/Type: unknown keyword" },
	{ "{\"properties\":{\"a\":{\"nullable\":true}}}",
	    "/x/properties/a/nullable: unknown keyword" },
	{ "{\"items\":{\"uniqueItems\":true}}",
	    "/x/items/uniqueItems: unknown keyword" },
	{ "{\"additionalProperties\":{\"if\":{}}}",
	    "/x/additionalProperties/if: unknown keyword" },
	{ "{\"additionalProperties\":true}",
	    "/x/additionalProperties: must be a schema" },
	{ "{\"items\":[{}]}", "/x/items: must be a schema" },
	{ "{\"type\":\"text\"}", "/x/type: unknown type" },
	{ "{\"type\":[]}", "/x/type: unknown type" },
	{ "{\"type\":[\"string\",1]}", "/x/type: unknown type" },
	{ "{\"format\":\"uuid\"}", "/x/format: unknown format" },
	{ "{\"format\":1}", "/x/format: unknown format" },
	{ "{\"enum\":[]}", "/x/enum: must be a list of values" },
	{ "{\"minimum\":\"1\"}", "/x/minimum: must be a number" },
	{ "{\"maxLength\":-1}", "/x/maxLength: must be a count" },
	{ "{\"maxLength\":1.5}", "/x/maxLength: must be a count" },
	{ "{\"required\":\"a\"}", "/x/required: must be a list of names" },
	{ "{\"properties\":{\"a\":{}},\"required\":[\"b\"]}",
	    "/x/required: names what is no property" },
	{ "{\"properties\":[]}", "/x/properties: must be an object" },
	{ "{\"properties\":{\"a\":{\"x-bson\":1}}}",
	    "/x/properties/a/x-bson: must be a string" },
	{ "{\"properties\":{\"a\":{\"x-bson\":\"b\"},\"b\":{}}}",
	    "/x/properties: two are stored under one name" },
	{ "{\"pattern\":1}", "/x/pattern: must be a string" },
	{ "{\"pattern\":\"(a\"}", "/x/pattern: not a regular expression" },
	{ "{\"pattern\":\"^\\\\d+$\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"^.$\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"[^a]\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"[[:alpha:]]\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"[a\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"a+?\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"(?:a)\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"\\u00e9\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"[a].\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"(.)\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"a*.\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"[\\\\d]\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"[\\u00e9]\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"[a-\\u0080]\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"pattern\":\"\\u0080\"}",
	    "/x/pattern: an ERE and ECMA 262 read this differently" },
	{ "{\"$ref\":\"#/components/schemas/None\"}",
	    "/x/$ref: leads to no component" },
	{ "{\"$ref\":\"other.json\"}", "/x/$ref: leads to no component" },
	{ "{\"$ref\":1}", "/x/$ref: leads to no component" },
	{ "{\"$ref\":\"#/components/schemas/Round\"}",
	    "/x/$ref: leads to no component" },
	{ "{\"$ref\":\"#/components/schemas/Num\",\"minimum\":1}",
	    "/x/minimum: can't stand beside $ref" },
	{ "{\"$ref\":\"#/components/schemas/Bad\"}", "/components/schemas/"
	    "Bad/properties/a~1b/nullable: unknown keyword" },
	{ "{\"oneOf\":[{\"required\":[\"a\"],\"properties\":{\"a\":"
	    "{\"not\":{}}}}]}",
	    "/x/oneOf/0/properties/a/not: unknown keyword" },
	{ "{\"oneOf\":[]}", "/x/oneOf: must be a list of schemas" },
	{ "{\"oneOf\":[{\"properties\":{\"a\":{}},\"required\":[\"a\"]},{}]}",
	    "/x/oneOf/1: requires no member that the others don't" },
	{ "{\"oneOf\":[{\"properties\":{\"a\":{}},\"required\":[\"a\"]},"
	    "{\"properties\":{\"a\":{}},\"required\":[\"a\"]}]}",
	    "/x/oneOf/0: requires no member that the others don't" },
	{ "{\"oneOf\":[{\"$ref\":\"#/components/schemas/V\"}]}",
	    "/x/oneOf/0: has a oneOf itself" },
};

/* Strings of a format: good and bad ones. */
static const struct {
	const char	*format;
	const char	*text;
	bool		 good;
} formats[] = {
	{ "date-time", "2026-01-31T09:30:00Z", true },
	{ "date-time", "2026-01-31T09:30:00.123456789Z", true },
	{ "date-time", "2026-01-31t09:30:00z", true },
	{ "date-time", "2026-01-31T09:30:00+09:00", true },
	{ "date-time", "2026-01-31T09:30:00-00:00", true },
	{ "date-time", "2024-02-29T00:00:00Z", true },
	{ "date-time", "0000-01-01T00:00:00Z", true },
	{ "date-time", "9999-12-31T23:59:59.999Z", true },
	{ "date-time", "0000-01-01T00:00:00+00:01", false },
	{ "date-time", "9999-12-31T23:59:59-00:01", false },
	{ "date-time", "2023-02-29T00:00:00Z", false },
	{ "date-time", "2026-04-31T00:00:00Z", false },
	{ "date-time", "2026-13-01T00:00:00Z", false },
	{ "date-time", "2026-01-31T24:00:00Z", false },
	{ "date-time", "2016-12-31T23:59:60Z", false },
	{ "date-time", "2026-01-31T09:30:00", false },
	{ "date-time", "2026-01-31 09:30:00Z", false },
	{ "date-time", "2026-01-31T09:30Z", false },
	{ "date-time", "2026-01-31T09:30:00.Z", false },
	{ "date-time", "2026-01-31T09:30:00+0900", false },
	{ "date-time", "2026-01-31T09:30:00Z ", false },
	{ "date-time", "2026-01-31", false },
	{ "date-time", "1769851800", false },
	{ "date-time", "", false },
	{ "email", "ada@example.org", true },
	{ "email", "a.b+c_d'e@mail.example.co.uk", true },
	{ "email", "a@localhost", true },
	{ "email", "j\xc3\xb6rg@b\xc3\xbc" "cher.example", true },
	{ "email", "a@1-2.example", true },
	{ "email", "\xc4\x80@example.org", true },
	{ "email", "a\x7f@example.org", false },
	{ "email", "", false },
	{ "email", "@", false },
	{ "email", "ada", false },
	{ "email", "@example.org", false },
	{ "email", "ada@", false },
	{ "email", "a@b@example.org", false },
	{ "email", ".a@example.org", false },
	{ "email", "a.@example.org", false },
	{ "email", "a..b@example.org", false },
	{ "email", "a b@example.org", false },
	{ "email", "a@example..org", false },
	{ "email", "a@.example.org", false },
	{ "email", "a@example.org.", false },
	{ "email", "a@-example.org", false },
	{ "email", "a@example-.org", false },
	{ "email", "a@example.org-", false },
	{ "email", "a@exa_mple.org", false },
	{ "email", "a@example.org\n", false },
	{ "email", "a\t@example.org", false },
	{ "email", "\"a b\"@example.org", false },
	{ "email", "Ada <ada@example.org>", false },
	{ "email", "0123456789012345678901234567890123456789012345678901234567"
	    "890123@example.org", true },
	{ "email", "0123456789012345678901234567890123456789012345678901234567"
	    "8901234@example.org", false },
};

/* Parameters: the text and its faults. */
static const struct {
	const char	*schema;
	const char	*text;
	const char	*faults;
} texts[] = {
	{ "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}", "100", "" },
	{ "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}", "0",
	    "?p OUT_OF_RANGE" },
	{ "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}", "101",
	    "?p OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", "-7", "" },
	{ "{\"type\":\"integer\"}", MANY_9, "?p OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", "-" MANY_9, "?p OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", "9007199254740992", "?p OUT_OF_RANGE" },
	{ "{\"type\":\"integer\"}", "", "?p WRONG_TYPE" },
	{ "{\"type\":\"integer\"}", "-", "?p WRONG_TYPE" },
	{ "{\"type\":\"integer\"}", "+1", "?p WRONG_TYPE" },
	{ "{\"type\":\"integer\"}", " 1", "?p WRONG_TYPE" },
	{ "{\"type\":\"integer\"}", "1.0", "?p WRONG_TYPE" },
	{ "{\"type\":\"integer\"}", "1e2", "?p WRONG_TYPE" },
	{ "{\"type\":\"integer\"}", "ten", "?p WRONG_TYPE" },
	{ "{\"type\":\"boolean\"}", "true", "" },
	{ "{\"type\":\"boolean\"}", "false", "" },
	{ "{\"type\":\"boolean\",\"const\":true}", "true", "" },
	{ "{\"type\":\"boolean\",\"const\":true}", "false",
	    "?p NOT_IN_ENUM" },
	{ "{\"type\":\"boolean\"}", "1", "?p WRONG_TYPE" },
	{ "{\"type\":\"boolean\"}", "True", "?p WRONG_TYPE" },
	{ "{\"type\":\"string\",\"enum\":[\"A\",\"B\"]}", "A", "" },
	{ "{\"type\":\"string\",\"enum\":[\"A\",\"B\"]}", "a",
	    "?p NOT_IN_ENUM" },
	{ "{\"type\":\"string\",\"maxLength\":2}", "\xc3\xa9\xc3\xa9", "" },
	{ "{\"type\":\"string\",\"maxLength\":2}", "123", "?p TOO_LONG" },
	{ "{\"type\":\"string\"}", "\xff", "?p WRONG_FORMAT" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	    "2026-01-31T09:30:00Z", "" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}", "2026-01-31",
	    "?p WRONG_FORMAT" },
	{ "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{32}$\"}",
	    "4bf92f3577b34da6a3ce929d0e0e4736", "" },
	{ "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{32}$\"}",
	    "4BF92f3577b34da6a3ce929d0e0e4736", "?p WRONG_PATTERN" },
	{ "{\"$ref\":\"#/components/schemas/N\"}", "6", "?p OUT_OF_RANGE" },
};

/* What the faults say, word for word. */
static const struct {
	const char	*schema;
	const char	*value;
	const char	*message;
} messages[] = {
	{ "{\"type\":\"integer\"}", "\"\"", "must be an integer" },
	{ "{\"type\":[\"string\",\"null\"]}", "1",
	    "must be null or a string" },
	{ "{\"type\":[\"string\",\"integer\",\"boolean\"]}", "[]",
	    "must be a boolean, an integer or a string" },
	{ "{\"enum\":[\"A\",1,null]}", "2", "must be one of A, 1, null" },
	{ "{\"const\":\"A\"}", "2", "must be A" },
	{ "{\"minimum\":1}", "0", "must be at least 1" },
	{ "{\"maximum\":9007199254740991}", "9007199254740993",
	    "must be at most 9007199254740991" },
	{ "{\"type\":\"integer\"}", "1e999", "is too large a number" },
	{ "{\"minLength\":1}", "\"\"", "must have at least 1 character" },
	{ "{\"minLength\":10}", "\"\"", "must have at least 10 characters" },
	{ "{\"x-max-bytes\":1}", "\"\\u00e9\"",
	    "must have at most 1 byte in UTF-8" },
	{ "{\"pattern\":\"^a$\"}", "\"b\"", "must match ^a$" },
	{ "{\"format\":\"email\"}", "\"b\"", "must be an email address" },
	{ "{\"minProperties\":1}", "{}", "must have at least 1 member" },
	{ "{\"maxItems\":0}", "[1]", "must have at most 0 items" },
	{ "{\"additionalProperties\":false}", "{\"a\":1}",
	    "is not known here" },
	{ "{\"properties\":{\"a\":{}},\"required\":[\"a\"]}", "{}",
	    "is required" },
	{ "{\"propertyNames\":{\"maxLength\":1}}", "{\"ab\":1}",
	    "its name must have at most 1 character" },
	{ "{\"$ref\":\"#/components/schemas/V\"}", "{}",
	    "must have exactly one of the members all, not, n" },
};

static cJSON *
parse(struct arena *A, const char *text)
{
	cJSON *item = NULL;

	if (json_parse(A, text, strlen(text), &item) != ERR_OK)
		printf("# not JSON: %s: %s\n", err_detail(), text);
	return (item);
}

/* The compiled schema of ${text}, with our components. */
static const struct schema *
compile(struct arena *A, const char *text)
{
	struct schema_set *S = schema_set_new(A, parse(A, components));

	return (schema_compile(S, parse(A, text), "/x"));
}

static const char *
list_faults(const struct schema_errors *E)
{
	struct buf b;
	size_t i;

	buf_init(&b, E->arena, SIZE_MAX);
	for (i = 0; i < E->count; i++)
		buf_printf(&b, "%s%s %s", i > 0 ? "," : "",
		    E->list[i].pointer, E->list[i].code);
	return (b.data);
}

static void
test_checks(struct arena *A)
{
	struct schema_errors E;
	const struct schema *s;
	bool fine;
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if ((s = compile(A, checks[i].schema)) == NULL) {
			ok(false, "%s: %s", checks[i].schema, err_detail());
			continue;
		}
		schema_errors_init(&E, A);
		fine = schema_check(s, parse(A, checks[i].value), &E);
		if (fine != (E.count == 0))
			ok(false, "the verdict is that of the list");
		is(list_faults(&E), checks[i].faults, arena_printf(A,
		    "%.40s... : %.40s", checks[i].schema, checks[i].value));
	}
	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		s = compile(A, messages[i].schema);
		schema_errors_init(&E, A);
		(void)schema_check(s, parse(A, messages[i].value), &E);
		is(E.count == 1 ? E.list[0].message : NULL,
		    messages[i].message, messages[i].message);
	}
}

static void
test_broken(struct arena *A)
{
	size_t i;

	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		err_clear();
		is(compile(A, broken[i].schema) == NULL ? err_detail() : NULL,
		    broken[i].detail, broken[i].schema);
	}
}

static void
test_texts(struct arena *A)
{
	struct schema_errors E;
	const struct schema *s;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		s = compile(A, texts[i].schema);
		schema_errors_init(&E, A);
		(void)schema_check_text(s, "?p", texts[i].text, &E);
		is(list_faults(&E), texts[i].faults, arena_printf(A,
		    "%s from text: %s", texts[i].schema, texts[i].text));
	}
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		s = compile(A, arena_printf(A, "{\"type\":\"string\","
		    "\"format\":\"%s\"}", formats[i].format));
		schema_errors_init(&E, A);
		ok(schema_check_text(s, "", formats[i].text, &E) ==
		    formats[i].good, "%s: '%.*s' is %s", formats[i].format,
		    (int)strcspn(formats[i].text, "\n"), formats[i].text,
		    formats[i].good ? "good" : "bad");
	}
}

/* No more than 50 faults, and no memory for what is behind them. */
static void
test_many(struct arena *A)
{
	static const char *const schemas[] = {
		"{\"items\":{\"type\":\"string\"}}",
		"{\"items\":{\"enum\":[2,3]}}",
		"{\"items\":{\"minimum\":2}}",
	};
	struct arena *small = arena_new((size_t)512 * 1024);
	struct schema_errors E;
	const struct schema *s;
	struct buf b;
	cJSON *v;
	size_t i;

	buf_init(&b, A, SIZE_MAX);
	buf_putc(&b, '[');
	for (i = 0; i < 30000; i++)
		buf_puts(&b, "1,");
	buf_puts(&b, "1]");
	v = parse(A, b.data);
	for (i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		s = compile(A, schemas[i]);
		schema_errors_init(&E, small);
		ok(!schema_check(s, v, &E) && E.count == 50,
		    "50 faults of 30,001: %s", schemas[i]);
		ok(!schema_check(s, v, &E) && E.count == 50,
		    "a full list stays as it is");
		ok(!schema_check_text(s, "", "2", &E) && E.count == 50,
		    "with a text too");
		arena_reset(small);
	}
	buf_init(&b, A, SIZE_MAX);
	buf_putc(&b, '{');
	for (i = 0; i < 5000; i++)
		buf_printf(&b, "\"no%zu\":1,", i);
	buf_puts(&b, "\"x\":1}");
	v = parse(A, b.data);
	s = compile(A, "{\"propertyNames\":{\"maxLength\":1},"
	    "\"properties\":{\"a\":{}},\"required\":[\"a\"]}");
	schema_errors_init(&E, small);
	ok(!schema_check(s, v, &E) && E.count == 50, "50 wrong names of 5000");
	arena_free(small);
}

static void
test_accessors(struct arena *A)
{
	const struct schema *s;
	const struct schema_property *p;

	s = compile(A, "{\"type\":\"object\",\"additionalProperties\":false,"
	    "\"required\":[\"id\"],\"properties\":{"
	    "\"id\":{\"type\":\"string\",\"x-bson\":\"_id\"},"
	    "\"at\":{\"type\":[\"string\",\"null\"],"
	    "\"format\":\"date-time\",\"default\":null},"
	    "\"n\":{\"$ref\":\"#/components/schemas/N\"},"
	    "\"m\":{\"$ref\":\"#/components/schemas/N\",\"default\":4},"
	    "\"l\":{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}},"
	    "\"o\":{\"additionalProperties\":{\"type\":\"number\"}}}}");
	ok(schema_types(s) == SCHEMA_OBJECT && schema_closed(s) &&
	    schema_additional(s) == NULL, "a closed object");
	p = schema_property(s, 0);
	ok(p != NULL && p->required && strcmp(p->name, "id") == 0 &&
	    strcmp(p->stored, "_id") == 0 && p->fallback == NULL,
	    "the first property");
	p = schema_property(s, 1);
	ok(p != NULL && !p->required && strcmp(p->stored, "at") == 0 &&
	    schema_format(p->schema) == SCHEMA_DATE_TIME &&
	    schema_types(p->schema) == (SCHEMA_STRING | SCHEMA_NULL) &&
	    cJSON_IsNull(p->fallback), "the second property");
	ok(schema_property(s, 5) != NULL && schema_property(s, 6) == NULL,
	    "six properties");
	p = schema_property_stored(s, "_id");
	ok(p == schema_property(s, 0), "a property by its stored name");
	ok(schema_property_stored(s, "at") == schema_property(s, 1),
	    "stored under its own name");
	ok(schema_property_stored(s, "id") == NULL, "which is not its own");
	p = schema_property_named(s, "n");
	ok(p == schema_property(s, 2) &&
	    schema_types(p->schema) == SCHEMA_INTEGER &&
	    p->fallback != NULL && p->fallback->valuedouble == 3,
	    "a default behind two references");
	ok(schema_default(p->schema) == p->fallback, "is the schema's own");
	p = schema_property_named(s, "m");
	ok(p->fallback->valuedouble == 4, "a default beside a reference");
	ok(schema_types(schema_items(schema_property_named(s, "l")->schema)) ==
	    SCHEMA_BOOLEAN, "items");
	p = schema_property_named(s, "o");
	ok(!schema_closed(p->schema) && schema_types(p->schema) == SCHEMA_ANY
	    && schema_types(schema_additional(p->schema)) ==
	    (SCHEMA_NUMBER), "additional members");
	s = compile(A, "{\"$ref\":\"#/components/schemas/V\"}");
	ok(schema_property_named(schema_branch(s, parse(A, "{\"n\":1}")),
	    "n") != NULL, "a branch by its member");
	ok(schema_branch(s, parse(A, "{}")) == NULL, "no branch");
}

/* Every component is compiled, whether something refers to it or not. */
static void
test_all(struct arena *A)
{
	struct schema_set *S = schema_set_new(A, parse(A, components));

	ok(!schema_compile_all(S), "a bad component among good ones");
	is(err_detail(), "/components/schemas/Round/$ref: leads to no "
	    "component", "is named");
	S = schema_set_new(A, parse(A, "{\"components\":{\"schemas\":{"
	    "\"A\":{\"$ref\":\"#/components/schemas/B\"},"
	    "\"B\":{\"type\":\"string\"}}}}"));
	ok(schema_compile_all(S), "a component that is a reference");
	S = schema_set_new(A, parse(A, "{\"components\":{\"schemas\":{"
	    "\"A\":{\"type\":\"string\"},\"B\":{\"type\":\"strung\"}}}}"));
	ok(!schema_compile_all(S), "a bad component behind a good one");
	ok(schema_compile_all(schema_set_new(A, parse(A, "{}"))),
	    "no components at all");
}

static cJSON *
read_document(struct arena *A, const char *name)
{
	const char *srcdir = getenv("srcdir");	/* set by make check */
	cJSON *item = NULL;
	struct buf b;
	char part[4096];
	size_t n;
	FILE *f;

	if (srcdir != NULL)
		name = arena_printf(A, "%s/%s", srcdir, name);
	if ((f = fopen(name, "re")) == NULL)
		return (NULL);
	buf_init(&b, A, SIZE_MAX);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&b, part, n);
	(void)fclose(f);
	(void)json_parse(A, b.data, b.len, &item);
	return (item);
}

/* The examples and the default of ${node}. */
static void
check_examples(struct arena *A, const struct schema *s, const cJSON *node)
{
	struct schema_errors E;
	const cJSON *example;

	schema_errors_init(&E, A);
	cJSON_ArrayForEach(example, json_get(node, "examples"))
		(void)schema_check(s, example, &E);
	if (json_get(node, "default") != NULL)
		(void)schema_check(s, json_get(node, "default"), &E);
	if (E.count > 0)
		is(list_faults(&E), "", node->string);
	cJSON_ArrayForEach(node, json_get(node, "properties"))
		check_examples(A,
		    schema_property_named(s, node->string)->schema, node);
}

static void
test_document(struct arena *A, const char *name)
{
	cJSON *doc = read_document(A, name);
	struct schema_set *S = schema_set_new(A, doc);
	const cJSON *node;
	int before = tap_failed;

	if (!ok(doc != NULL, "%s is there, and JSON", name))
		return;
	if (!ok(schema_compile_all(S), "%s compiles", name)) {
		printf("# %s\n", err_detail());
		return;
	}
	cJSON_ArrayForEach(node, json_get(json_get(doc, "components"),
	    "schemas"))
		check_examples(A, schema_compile(S, node, ""), node);
	ok(tap_failed == before, "the examples of %s are right", name);
}

int
main(void)
{
	struct arena *A;

	json_init();
	A = arena_new((size_t)64 << 20);
	test_checks(A);
	test_broken(A);
	test_texts(A);
	test_many(A);
	test_accessors(A);
	test_all(A);
	test_document(A, "fcgi-auth/api.json");
	test_document(A, "fcgi-event/api.json");
	arena_free(A);
	return (done());
}
