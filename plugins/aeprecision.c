/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "aeprecision.h"

GType
gst_ae_precision_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { AE_PRECISION_AUTO, "bf16 where the processor has AMX, else f32",
        "auto" },
    { AE_PRECISION_F32, "32-bit floats throughout", "f32" },
    { AE_PRECISION_BF16,
        "Convolutions multiply bfloat16 and add 32-bit floats; an error "
        "without AMX",
        "bf16" },
    { 0, NULL, NULL }
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstAePrecision", values));
  return type;
}

GParamSpec *
gst_ae_precision_spec (GParamFlags flags)
{
  gst_type_mark_as_plugin_api (GST_TYPE_AE_PRECISION, 0);
  return g_param_spec_enum ("precision", "Precision",
      "Numbers that the model is computed in", GST_TYPE_AE_PRECISION,
      AE_PRECISION_AUTO, flags);
}
