/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_SAMPLE_PLAN_H
#define GST_AE_SAMPLE_PLAN_H

/* Which codes the frames of `vaesample` are made of: the same for a frame's
 * number whatever was before it. */

#include "samplersetup.h"

G_BEGIN_DECLS

typedef enum {
  GST_AE_SAMPLE_DRAWS,
  GST_AE_SAMPLE_WALK,
  GST_AE_SAMPLE_MORPH,
  GST_AE_SAMPLE_GRID,
  GST_AE_SAMPLE_RECONSTRUCT
} GstAeSampleMode;

#define GST_TYPE_AE_SAMPLE_MODE (gst_ae_sample_mode_get_type ())
GType gst_ae_sample_mode_get_type (void);
const gchar *gst_ae_sample_mode_nick (GstAeSampleMode mode);

/* What of the properties decides codes. */
typedef struct {
  GstAeSampleMode mode;
  guint64 seed;
  gfloat temperature;
  gint label;        /* -1: any */
  guint period;      /* frames from one code to the next, 100000 at most */
  guint rows, columns; /* of a grid */
  gchar *attributes; /* "name=amount,name=amount"; may be NULL */
} GstAeSampleSettings;

void gst_ae_sample_settings_copy (
    GstAeSampleSettings *to, const GstAeSampleSettings *from);
void gst_ae_sample_settings_clear (GstAeSampleSettings *settings);

/* Codes of one model. */
typedef struct {
  GstAeSampleSettings settings;
  gfloat *from, *to;       /* of pictures; NULL: drawn */
  gfloat *deviation;       /* of the first */
  gfloat *shares;          /* of the way from one to the other, for each of */
  guint n_shares;          /* so many frames; 0: not known yet */
  guint64 paced_seed;      /* what they are of, */
  gint paced_label;        /* where they depend on that */
  gfloat paced_temperature;
  gfloat *amounts;         /* of the model's attributes */
  gfloat *scratch;         /* a code */
} GstAeSamplePlan;

/* Takes the settings for a model. FALSE: the class or an attribute is not one
 * of the model's; the text says which there are, and the plan is as before. */
gboolean gst_ae_sample_plan_set (GstAeSamplePlan *plan,
    const GstAeSamplerSetup *setup, const GstAeSampleSettings *settings,
    AeError *error);

/* Finds the codes of the pictures to morph between, or to reconstruct: samples
 * that gst_ae_picture_file_read() gave, or NULL. Binds the setup. */
gboolean gst_ae_sample_plan_encode (GstAeSamplePlan *plan,
    GstAeSamplerSetup *setup, GstSample *from, GstSample *to, AeError *error);
void gst_ae_sample_plan_clear (GstAeSamplePlan *plan);

/* Pictures that a frame is made of. */
guint gst_ae_sample_plan_pictures (const GstAeSamplePlan *plan);

/* Their codes (pictures, latent) and what they are to show (pictures). */
void gst_ae_sample_plan_codes (GstAeSamplePlan *plan,
    const GstAeSamplerSetup *setup, guint64 frame, gfloat *codes,
    gint *labels);

G_END_DECLS

#endif
