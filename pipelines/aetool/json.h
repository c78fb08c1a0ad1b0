/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_JSON_H
#define AETOOL_JSON_H

/* Writes JSON. Keys are NULL inside arrays. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  GString *text;
  gboolean comma; /* a value stands before */
} Json;

Json *json_new (void);
void json_free (Json *json);

/* '{' or '['; close with the same. */
void json_open (Json *json, const char *key, char bracket);
void json_close (Json *json, char bracket);

void json_string (Json *json, const char *key, const char *value);
void json_number (Json *json, const char *key, double value); /* NaN: null */
void json_bool (Json *json, const char *key, gboolean value);

/* Prints the text and a newline on standard output. */
void json_print (Json *json);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Json, json_free)

G_END_DECLS

#endif
