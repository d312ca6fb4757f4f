#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Hold a netlink specification against the header and the running kernel.

Usage: check.py YNL SPEC program|names|counters
       check.py YNL SPEC types HEADER
       check.py YNL SPEC policies|operations

YNL is the directory of the kernel's tools/net/ynl and its schemas.

program     print C that compiles if the header included before it has the same
            numbers and no more enumerators
names       print the header's name of each constant in the specification
counters    print "number name text" of each counter
types       compare the types of attributes with the header's comments
policies    compare what requests may contain with the kernel's policies
operations  compare operations, their flags and the groups with the kernel's

The last three print what differs and then exit with status 1.
"""
import os
import re
import sys

COUNTERS = "stats"
TOP = "themis"
# Enumerations whose tag in the header is longer than the names in it.
TAGS = {"session": "themis_session_state", "slot": "themis_key_slot"}
# Those of the definitions whose number of entries the header names as well.
COUNTED = {"slot": "__THEMIS_SLOT_MAX"}
SCALAR = re.compile(r"[us](8|16|32|64)$")


def c_name(*parts):
    """Return the name of a constant."""
    return "".join(parts).replace("-", "_").upper()


def constants(spec):
    """Return the values of the definitions that are one number."""
    return {each["name"]: each["value"]
            for each in spec.yaml["definitions"] if each["type"] == "const"}


def entries_of(spec, kind):
    """Return the definitions that are enumerations or flags."""
    return [each for each in spec.consts.values() if each["type"] == kind]


def own_sets(spec):
    """Return the sets that number attributes, not those that pick from one."""
    return [attrs for attrs in spec.attr_sets.values() if not attrs.subset_of]


def tag(definition):
    """Return the C tag of an enumeration's definition."""
    return TAGS.get(definition.name, c_name("themis-", definition.name).lower())


class Enumeration:
    """What one enumeration of the header must be."""

    def __init__(self, name, values, prefix=None, last=None):
        self.tag = name
        self.values = values
        self.others = [last] if last else []
        if prefix is not None:
            top = max(values.values())
            self.others += [f"__{prefix}MAX"]
            if 0 not in values.values():
                self.others += [f"{prefix}UNSPEC"]
            self.ends = {f"{prefix}MAX": top, f"__{prefix}MAX": top + 1}
        else:
            self.ends = {}


def enumerations(spec):
    """Return all of them."""
    found = []
    for definition in entries_of(spec, "enum"):
        values = {c_name("themis-", definition.name, "-", name):
                  entry.user_value()
                  for name, entry in definition.entries.items()}
        found.append(Enumeration(tag(definition), values,
                                 last=COUNTED.get(definition.name)))
    for attrs in own_sets(spec):
        prefix = attrs.yaml["name-prefix"]
        found.append(Enumeration(
            c_name(attrs.yaml["enum-name"]).lower(),
            {c_name(prefix, name): attr.value for name, attr in attrs.items()},
            prefix=c_name(prefix)))
    ops = spec.yaml["operations"]
    found.append(Enumeration(
        c_name(ops["enum-name"]).lower(),
        {c_name(ops["name-prefix"], name): op.rsp_value
         for name, op in spec.msgs.items()},
        prefix=c_name(ops["name-prefix"])))
    return found


def defines(spec):
    """Return the constants that are macros."""
    found = {c_name("themis-", name): value
             for name, value in constants(spec).items()}
    for definition in entries_of(spec, "flags"):
        for name, entry in definition.entries.items():
            found[c_name("themis-", definition.name, "-", name)] = \
                entry.user_value()
    return found


def program(spec):
    """Print the C that compares numbers."""
    macros = defines(spec)
    enums = enumerations(spec)

    def must(condition):
        print(f'_Static_assert({condition}, "");')

    for each in [macros] + [enum.values | enum.ends for enum in enums]:
        for name, value in each.items():
            must(f"{name} == {value}{'ULL' if value >> 31 else ''}")

    # From here on only what the header written by hand has.
    print("#ifdef AF_THEMIS")
    must(f'!__builtin_strcmp(THEMIS_GENL_NAME, "{spec.name}")')
    must(f'THEMIS_GENL_VERSION == {spec.yaml.get("version", 1)}')
    for name in spec.mcast_groups:
        must(f'!__builtin_strcmp(THEMIS_MCGRP_{c_name(name)}, "{name}")')
    for enum in enums:
        print(f"int of_{enum.tag}(enum {enum.tag} value);\n"
              f"int of_{enum.tag}(enum {enum.tag} value)\n"
              "{\n\tswitch (value) {")
        for name in list(enum.values) + enum.others:
            print(f"\tcase {name}:")
        print("\t\treturn 1;\n\t}\n\treturn 0;\n}")
    print("#endif")


def names(spec):
    """Print the names of all constants."""
    for each in [defines(spec)] + [e.values for e in enumerations(spec)]:
        print("\n".join(each))


def counters(spec):
    """Print the table of counters."""
    for name, attr in spec.attr_sets[COUNTERS].items():
        if attr["type"] != "pad":
            print(attr.value, name, attr["doc"])


def types(spec, header):
    """Compare the types of attributes with the header's comments."""
    with open(header, encoding="utf-8") as file:
        said = dict(re.findall(r"^\t(THEMIS_\w+),\s*/\*\s*(.*?)\s*\*/",
                               file.read(), re.MULTILINE))
    wrong = []

    def compare(name, what, header_has, spec_has):
        if header_has != spec_has:
            wrong.append(f"{name}: {what}: the header says {header_has}, "
                         f"the specification {spec_has}")

    for attrs in own_sets(spec):
        for name, attr in attrs.items():
            if attr["type"] == "pad":
                continue
            if attrs.name == COUNTERS:
                compare(name, "type", "u64", attr["type"])
                continue
            name = c_name(attrs.yaml["name-prefix"], name)
            words = said.get(name, "")
            word = re.match(r"\w*", words)[0].replace("struct", "binary")
            compare(name, "type", word, attr["type"])
            enum = re.search(r"enum (\w+)", words)
            if not enum:
                continue
            if "nested-attributes" in attr:
                of = spec.attr_sets[attr["nested-attributes"]].yaml
                of = c_name(of["enum-name"]).lower()
            elif "enum" in attr:
                of = tag(spec.consts[attr["enum"]])
            else:
                of = None
            compare(name, "enumeration", enum[1], of)
    return wrong


def bounds(spec, attr):
    """Return the smallest and the greatest value of an integer."""
    bits = int(attr["type"][1:])
    low, high = 0, (1 << bits) - 1
    if attr["type"][0] == "s":
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if "enum" in attr:
        values = [entry.user_value() for entry in
                  spec.consts[attr["enum"]].entries.values()]
        low, high = min(values), max(values)
    checks = attr.get("checks", {})
    return checks.get("min", low), checks.get("max", high)


def policy_of(spec, attrs):
    """Return what the kernel's policy for a set of attributes must be."""
    consts = constants(spec)
    policy = {}
    for name, attr in attrs.items():
        kind, checks = attr["type"], attr.get("checks", {})
        if kind == "pad":
            continue
        entry = policy[name] = {"type": kind}
        if kind == "nest":
            entry["type"] = "nested"
            entry["policy"] = policy_of(
                spec, spec.attr_sets[attr["nested-attributes"]])
        elif "flags-mask" in checks:
            entry["mask"] = spec.consts[checks["flags-mask"]].get_mask()
        elif SCALAR.match(kind):
            entry["min-value"], entry["max-value"] = bounds(spec, attr)
        else:
            for check, keys in {
                    "exact-len": ("min-length", "max-length"),
                    "min-len": ("min-length",),
                    "max-len": ("max-length",)}.items():
                length = checks.get(check)
                for key in keys if length is not None else ():
                    entry[key] = consts.get(length, length)
    return policy


def differences(path, want, have):
    """Return what differs between two trees, one line each."""
    if want == have:
        return []
    if isinstance(want, dict) and isinstance(have, dict):
        found = []
        for key in sorted(want.keys() | have.keys()):
            found += differences(f"{path} {key}", want.get(key), have.get(key))
        return found
    return [f"{path}: the specification says {want}, the kernel {have}"]


def request_set(family, op):
    """Return the attributes that requests of an operation pick from.

    An operation with a reply names the set of that. It shows an object, and the
    object is named as where it is removed.
    """
    if family.attr_sets[op.yaml["attribute-set"]].subset_of:
        return family.attr_sets[op.yaml["attribute-set"]]
    twin = family.msgs.get(op.name.replace("-get", "-del"))
    if twin is None or twin is op:
        return {}
    return family.attr_sets[twin.yaml["attribute-set"]]


def policies(family):
    """Compare what requests may contain with the kernel's policies."""
    wrong = []
    for name, op in family.ops.items():
        picked = request_set(family, op)
        # The kernel of a dump has the policy of the request for one.
        want = policy_of(family, picked) if picked else {}
        if "do" in op.yaml:
            given = op.yaml["do"].get("request", {}).get("attributes", [])
            if sorted(given) != sorted(want):
                wrong.append(f"{name} has {sorted(given)}, and its set "
                             f"{sorted(want)}")
        for mode in ("do", "dump"):
            if mode not in op.yaml:
                continue
            policy = family.get_policy(name, mode)
            wrong += differences(f"{name} {mode}", want,
                                 policy.to_dict() if policy else {})
    return wrong


def operations(family, control):
    """Compare operations, flags and groups with the kernel's."""
    reply = control.do("getfamily", {"family-name": family.name})
    have = {entry["id"]: entry["flags"] for each in reply["ops"]
            for entry in each.values()}
    wrong = []
    for name, op in family.ops.items():
        want = set(op.yaml.get("flags", []))
        want |= {f"cmd-cap-{mode}" for mode in ("do", "dump")
                 if mode in op.yaml}
        if any("request" in op.yaml.get(mode, {}) for mode in ("do", "dump")):
            want.add("cmd-cap-haspol")
        flags = have.pop(op.req_value, set())
        # The policy of the family is that of operations without attributes.
        if flags - want == {"cmd-cap-haspol"}:
            want.add("cmd-cap-haspol")
        wrong += differences(f"{name} flags", sorted(want), sorted(flags))
    wrong += [f"operation {number} is not in the specification"
              for number in have]
    groups = {entry["name"] for each in reply["mcast-groups"]
              for entry in each.values()}
    wrong += differences("groups", sorted(family.mcast_groups), sorted(groups))
    wrong += differences("maxattr", max(
        attr.value for _, attr in family.attr_sets[TOP].items()),
        reply["maxattr"])
    wrong += differences("version", family.yaml.get("version", 1),
                         reply["version"])
    return wrong


def main():
    """Do as the usage says."""
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    ynl, path, what = sys.argv[1:4]
    sys.path.append(os.path.join(ynl, "tools/net/ynl/pyynl"))
    # pylint: disable=import-error,import-outside-toplevel
    from lib import SpecFamily, YnlFamily

    if what in ("program", "names", "counters"):
        globals()[what](SpecFamily(path, schema_path=""))
        return
    if what == "types" and len(sys.argv) == 5:
        wrong = types(SpecFamily(path, schema_path=""), sys.argv[4])
    elif what == "policies":
        wrong = policies(YnlFamily(path, schema=""))
    elif what == "operations":
        control = os.path.join(ynl, "Documentation/netlink/specs/nlctrl.yaml")
        wrong = operations(YnlFamily(path, schema=""),
                           YnlFamily(control, schema=""))
    else:
        sys.exit(__doc__)
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)


if __name__ == "__main__":
    main()
