"""STIX 2.1 objects from an assessment: identifiers, patterns, objects."""
