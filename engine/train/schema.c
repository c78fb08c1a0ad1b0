/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/schema.h"

#include "util/number.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define TEXT(section, name, fallback, text) \
  { section, name, AE_KEY_TEXT, 0, 0, NULL, fallback, text }
#define CHOICE(section, name, words, fallback, text) \
  { section, name, AE_KEY_CHOICE, 0, 0, words, fallback, text }
#define BOOL(section, name, fallback, text) \
  { section, name, AE_KEY_BOOL, 0, 0, NULL, fallback, text }
#define INT(section, name, min, max, fallback, text) \
  { section, name, AE_KEY_INT, min, max, NULL, fallback, text }
#define NUMBER(section, name, min, max, fallback, text) \
  { section, name, AE_KEY_NUMBER, min, max, NULL, fallback, text }
#define INTS(section, name, min, max, fallback, text) \
  { section, name, AE_KEY_INTS, min, max, NULL, fallback, text }

const AeKey ae_keys[] = {
  CHOICE ("model", "task", "denoise codec anomaly autoencoder classifier gan rbm", "denoise", "what the model is for"),
  TEXT ("model", "name", "denoise", "short name, kept in the model"),
  TEXT ("model", "description", NULL, "one line, kept in the model"),
  CHOICE ("model", "weights", "float32 float16", "float32",
      "how the file stores them; float16 halves it"),

  CHOICE ("codec", "tune", "psnr ms-ssim", "psnr",
      "what it is to keep: samples, or structure as it is seen: busy places are "
      "coded more coarsely"),
  INT ("codec", "latents", 16, 384, "384",
      "of a place of 16x16 pixels, a multiple of 16; 384 is all of a transform"),
  INT ("codec", "core", 1, 384, NULL,
      "of them with networks; not set: 160, or all if they are fewer"),
  INTS ("codec", "widths", 1, 1024, "48,64",
      "channels at a quarter and an eighth of the picture"),
  INTS ("codec", "depths", 1, 16, "1,1", "residual pairs there"),
  NUMBER ("codec", "lambda_min", 1e-6, 1000, "0.0014",
      "bits per pixel for a squared grey level, at the least quality"),
  NUMBER ("codec", "lambda_max", 1e-6, 1000, "0.35", "and at the best"),
  NUMBER ("codec", "similarity_min", 1e-6, 1e6, "3",
      "with ms-ssim: bits per pixel for 1 - MS-SSIM, at the least quality"),
  NUMBER ("codec", "similarity_max", 1e-6, 1e6, "700", "and at the best"),
  NUMBER ("codec", "chroma", 1e-6, 100, NULL,
      "weight of the root of chroma's error; not set: 1.8, with ms-ssim 1.2"),
  INT ("codec", "context_steps", 1, 1e9, "1000",
      "with which the coder's contexts are fitted, each time a model is made"),

  CHOICE ("anomaly", "kind", "video pictures", "video",
      "of a camera, or pictures that do not follow each other"),
  NUMBER ("anomaly", "frame_rate", 0.01, 240, "10",
      "frames per second that are looked at; those that come sooner are not"),
  INT ("anomaly", "size", 4096, 4194304, "86400",
      "pixels that pictures are reduced to, at most or about so"),
  BOOL ("anomaly", "any_camera", "no",
      "for any camera, not for one: pictures of other proportions are stretched"),
  CHOICE ("anomaly", "align", "none object", "none",
      "of pictures: nothing, or the one thing in each, on a bright or dark "
      "background"),
  CHOICE ("anomaly", "flatten", "none columns rows", "none",
      "of pictures: stripes along the columns or rows that are taken out"),
  INT ("anomaly", "reduce", 1, 4, "2",
      "of pictures: 1, 2 or 4 pixels become one to compare; not with align = "
      "object"),
  INT ("anomaly", "strip", 64, 1024, "272",
      "with align = object: pixels that the thing is made long"),
  INT ("anomaly", "window", 3, 21, "9",
      "of pictures: pixels along a patch's edge, odd"),
  INT ("anomaly", "code", 1, 128, "24",
      "of pictures: numbers that a patch is told by"),
  NUMBER ("anomaly", "bank", 0.1, 1024, "4",
      "of pictures: MiB of usual patches to keep in the model"),
  INT ("anomaly", "past", 1, 16, "4",
      "frames before the one that is predicted"),
  INTS ("anomaly", "widths", 4, 1024, "16,32,48",
      "channels at a half, a quarter and an eighth of the size"),
  INT ("anomaly", "latent", 1, 256, "24",
      "channels of the bottleneck, at an eighth of the size"),
  NUMBER ("anomaly", "adversarial_weight", 0, 1000, "0.05",
      "of what the discriminator says, in what the prediction learns"),
  NUMBER ("anomaly", "discriminator_rate", 1e-9, 10, "0.0004",
      "the discriminator's first learning rate"),

  CHOICE ("autoencoder", "net", "linear dense conv fully-conv", "conv",
      "one matrix each way; layers of units; convolutions that halve the "
      "picture, and a layer at its end; or convolutions alone, whose codes are "
      "maps and which take pictures of any size"),
  INTS ("autoencoder", "widths", 1, 8192, "32,64",
      "units of dense layers, or channels at a half, a quarter, ... of the size"),
  INT ("autoencoder", "latent", 1, 4096, "32",
      "numbers that a picture becomes, or with fully-conv each place of it"),
  CHOICE ("autoencoder", "code", "plain rectified variational", "plain",
      "numbers; none of them below 0; or normal distributions that are drawn "
      "from: a VAE"),
  CHOICE ("autoencoder", "likelihood", "bernoulli gaussian", "gaussian",
      "cross-entropy, for what is black or white; or squared error, of a VAE "
      "with a variance that is learned"),
  TEXT ("autoencoder", "size", "28x28",
      "width and height that pictures are scaled to, 512x512 at most; of their "
      "proportions, and for conv divisible by 2 for each of the widths"),
  INT ("autoencoder", "crops", 0, 100000, "0",
      "so many parts of this size are cut from random places of each picture, "
      "which is not scaled then; 0: pictures are scaled"),
  BOOL ("autoencoder", "whiten", "no",
      "crops are of the whitened picture, in which coarse and fine count alike "
      "and the middle grey is what is usual around"),
  CHOICE ("autoencoder", "channels", "1 3", "1", "grey, or R, G, B"),
  INT ("autoencoder", "classes", 0, 1000, "0",
      "the networks are told which of so many labels a picture has; 0: labels "
      "are not used"),
  BOOL ("autoencoder", "binarise", "no",
      "pixels are drawn black or white, by how bright they are, each time a "
      "picture is used"),
  NUMBER ("autoencoder", "beta", 0, 1000, "1",
      "weight of a VAE's divergence from the standard normal distribution"),
  INT ("autoencoder", "prior_components", 0, 256, "0",
      "normal distributions that codes of the pictures are described by in the "
      "model, to draw from; 0: the standard normal one of a VAE, and one with "
      "the codes' own deviations otherwise"),
  INT ("autoencoder", "kl_warmup", 0, 1e9, "0",
      "steps over which that weight grows from 0"),
  NUMBER ("autoencoder", "free_bits", 0, 100, "0",
      "nats of each of a VAE's numbers that cost nothing"),
  NUMBER ("autoencoder", "noise", 0, 10, "0",
      "deviation of noise on what the encoder sees, 1 = white: the network "
      "learns to take it off"),
  NUMBER ("autoencoder", "shift", 0, 64, "0",
      "pixels that pictures are moved by, at most, before the encoder sees them: "
      "the network learns to put them back"),
  NUMBER ("autoencoder", "rotation", 0, 180, "0",
      "degrees that they are turned by"),
  NUMBER ("autoencoder", "stretch", 0, 0.9, "0",
      "by how much their sides are made longer or shorter, relative"),
  NUMBER ("autoencoder", "code_dropout", 0, 0.95, "0",
      "share of a code's numbers that are set to 0 in training"),
  NUMBER ("autoencoder", "sparsity", 0, 1000, "0",
      "price of a code's absolute values, each times the length of the weights "
      "that take it into the decoder, beside the error of a picture"),
  INT ("autoencoder", "top_k", 0, 4096, "0",
      "so many of a rectified code's numbers, the largest, are kept and the "
      "others 0: a k-sparse autoencoder; 0: all are kept"),
  NUMBER ("autoencoder", "contraction", 0, 1000, "0",
      "price of the squared norm of the code's Jacobian"),
  CHOICE ("autoencoder", "adversary", "none codes pictures", "none",
      "what a discriminator judges: codes, which come to be normal numbers; or "
      "pictures, which come to be sharp"),
  NUMBER ("autoencoder", "adversarial_weight", 1e-6, 1e6, "1",
      "of what it says, beside the error of a picture"),
  INTS ("autoencoder", "discriminator_widths", 1, 8192, NULL,
      "units of its layers, or channels at a half, a quarter, ... of the size; "
      "not set: 256,256 of codes, 32,64 of pictures"),
  NUMBER ("autoencoder", "discriminator_rate", 1e-9, 10, "0.0004",
      "its first learning rate"),
  INT ("autoencoder", "watch", 0, 1e9, "200",
      "steps after which it is seen to that the two go well together; if not, "
      "they come back to where they did, with half the rates; 0 = never"),

  CHOICE ("classifier", "net", "dense conv", "conv",
      "layers of units; or convolutions that halve the picture, and a layer at "
      "their end"),
  INTS ("classifier", "widths", 1, 8192, "32,64",
      "units of dense layers, or channels at a half, a quarter, ... of the size"),
  INT ("classifier", "features", 1, 4096, "128",
      "numbers that the classes are told by; `latent' of an autoencoder to start "
      "from"),
  INT ("classifier", "classes", 2, 1000, "10", "labels are 0 and up"),
  TEXT ("classifier", "size", "28x28",
      "width and height that pictures are scaled to, 512x512 at most; of their "
      "proportions, and for conv divisible by 2 for each of the widths"),
  CHOICE ("classifier", "channels", "1 3", "1", "grey, or R, G, B"),
  NUMBER ("classifier", "dropout", 0, 0.95, "0",
      "share of the features that are left out in training"),
  NUMBER ("classifier", "shift", 0, 64, "0",
      "pixels that pictures are moved by in training, at most"),
  NUMBER ("classifier", "rotation", 0, 180, "0",
      "degrees that they are turned by"),
  NUMBER ("classifier", "stretch", 0, 0.9, "0",
      "by how much their sides are made longer or shorter, relative"),
  INT ("classifier", "labels_per_class", 0, 1e9, "0",
      "learn from so many pictures of each class alone, drawn by the seed; 0: "
      "from all"),
  NUMBER ("classifier", "adaptation", 0, 100, "0",
      "learn from pictures without labels too, which are of another domain: "
      "largest weight of the reversed gradient of what tells the domains apart; "
      "0: off"),
  BOOL ("classifier", "freeze", "no",
      "the encoder stays as it is in the model to start from"),
  CHOICE ("gan", "net", "dense conv", "conv",
      "layers of units; or a layer and convolutions that double the picture"),
  INTS ("gan", "widths", 1, 8192, "32,64",
      "units of dense layers, or channels at a half, a quarter, ... of the size; "
      "of both networks"),
  INT ("gan", "depth", 0, 16, "0",
      "with conv: residual 3x3 convolutions of the generator at each size, before "
      "it is doubled"),
  INT ("gan", "discriminator_depth", 0, 16, "0",
      "with conv: those of the discriminator at the smallest size; with some it "
      "sees how parts of a picture go together"),
  INT ("gan", "latent", 1, 4096, "64", "numbers that a picture is made of"),
  TEXT ("gan", "size", "28x28",
      "width and height that pictures are scaled to, 512x512 at most; of their "
      "proportions, and for conv divisible by 2 for each of the widths"),
  CHOICE ("gan", "channels", "1 3", "1", "grey, or R, G, B"),
  INT ("gan", "classes", 0, 1000, "0",
      "both networks are told which of so many labels a picture has; 0: labels "
      "are not used"),
  INT ("gan", "clusters", 0, 256, "0",
      "without labels they are told in which of so many clusters a picture's code "
      "lies, of the autoencoder that is given to start from; 0: there are none"),
  CHOICE ("gan", "loss", "hinge non-saturating least-squares wasserstein",
      "hinge", "what the discriminator's answers are to be"),
  INT ("gan", "discriminator_steps", 1, 100, "1",
      "of a round; a step of a training is one of the discriminator, of the "
      "generator, or where they follow each other of both"),
  INT ("gan", "generator_steps", 1, 100, "1", "of a round, after those"),
  NUMBER ("gan", "discriminator_rate", 1e-9, 10, "0.0004",
      "its first learning rate; that of [training] is the generator's"),
  NUMBER ("gan", "beta1", 0, 0.9999, "0",
      "Adam's memory of gradients; 0.9 is usual elsewhere"),
  NUMBER ("gan", "spectral_limit", 0, 1000, "1",
      "largest singular value of the discriminator's layers; 0 = any"),
  BOOL ("gan", "batch_spread", "no",
      "the discriminator sees how much the pictures of a batch differ; of one "
      "picture alone it does not tell much then"),
  NUMBER ("gan", "translation", 0, 0.5, "0",
      "pictures are moved by up to this share of their sides before the "
      "discriminator sees them, real ones and made ones"),
  NUMBER ("gan", "cutout", 0, 1, "0",
      "and a rectangle of this share of their sides becomes grey"),
  NUMBER ("gan", "brightness", 0, 1, "0",
      "and they become up to so much brighter or darker, 1 = white"),
  INT ("gan", "watch", 0, 1e9, "200",
      "steps after which it is seen to that the training goes well; if not, it "
      "comes back to where it did, with half the rates; 0 = never"),

  INT ("rbm", "hidden", 1, 65536, "256", "units that are not pixels"),
  INT ("rbm", "gibbs_steps", 1, 1000, "1",
      "that the chain goes from the pictures: k of CD-k"),
  TEXT ("rbm", "size", "28x28",
      "width and height that pictures are scaled to, 512x512 at most; of their "
      "proportions"),
  CHOICE ("rbm", "channels", "1 3", "1", "grey, or R, G, B"),
  BOOL ("rbm", "binarise", "no",
      "pixels are drawn black or white, by how bright they are, and so are the "
      "chain's; else both are probabilities"),

  CHOICE ("network", "type", "unet", "unet", "architecture"),
  INTS ("network", "widths", 4, 1024, "32,64,96",
      "channels at each scale, from half the luma's size downward; multiples "
      "of 16 run fastest"),
  INTS ("network", "depths", 1, 16, "2,2,2",
      "3x3 convolutions at each scale, on the way down and again on the way "
      "up"),
  BOOL ("network", "residual", "yes",
      "pairs of convolutions add their input to their output"),
  INT ("network", "gate_width", 4, 256, "16",
      "channels of the net that decides where the earlier frames fit"),

  CHOICE ("loss", "type", "l1 l2 charbonnier", "charbonnier",
      "loss of the first part of the training"),
  NUMBER ("loss", "epsilon", 1e-6, 1, "0.002",
      "where Charbonnier turns from square to absolute; 1 = white"),
  NUMBER ("loss", "l2_from", 0, 1, "0.7",
      "part of the steps after which the loss is L2"),
  NUMBER ("loss", "sigma_weight", 0, 255, "6",
      "c of the weight 1 / (sigma + c) of L2, its root for the others: low "
      "noise counts too; 8-bit grey levels; 0 = no weighting"),
  NUMBER ("loss", "chroma_weight", 0, 10, "0.5",
      "weight of U and V samples, luma being 1"),

  INT ("training", "steps", 0, 1e9, "20000",
      "length of the training; 0, of task anomaly with kind = pictures only: "
      "no networks"),
  INT ("training", "batch", 1, 256, "16", "sequences, or pictures, side by side"),
  INT ("training", "patch", 16, 512, "64",
      "luma pixels along an edge, a multiple of 8; of a codec 16"),
  CHOICE ("training", "optimiser", "adam adamw sgd muon", "adam",
      "muon learns convolutions in a fraction of the steps"),
  CHOICE ("training", "schedule", "cosine constant", "cosine",
      "how the learning rate develops"),
  NUMBER ("training", "learning_rate", 1e-9, 10, "0.001", "first rate"),
  NUMBER ("training", "final_learning_rate", 1e-12, 10, "0.00001",
      "the cosine ends here"),
  INT ("training", "warmup_steps", 0, 1e9, "200", "linear from 0"),
  NUMBER ("training", "clip_norm", 0, 1e9, "1",
      "largest gradient norm; 0 = no clipping"),
  NUMBER ("training", "ema_decay", 0, 0.999999, "0.999",
      "averaging of the weights; 0 = none"),
  NUMBER ("training", "weight_decay", 0, 10, "0", "adamw, sgd, muon, RBMs"),
  NUMBER ("training", "momentum", 0, 0.9999, "0.9",
      "sgd, muon, RBMs; 0.95 is usual with muon"),
  INT ("training", "seed", 0, 9e15, "1", "of everything random"),
  INT ("training", "validate_every", 1, 1e9, "1000", "steps"),
  INT ("training", "checkpoint_every", 1, 1e9, "1000", "steps"),
  INT ("training", "early_stop", 0, 1e6, "0",
      "stop after so many validations without gain; 0 = never"),
  INT ("training", "memory", 1, 1 << 20, "1024",
      "MiB of pictures to keep at most"),
  NUMBER ("training", "validation", 0, 0.5, "0.1",
      "share of the pictures held out to validate on, at most 64 of them; of an "
      "autoencoder, a classifier, a GAN or an RBM 1000"),
  CHOICE ("training", "precision", "auto f32 bf16", "auto",
      "of convolutions; auto: bf16 where the processor multiplies its "
      "matrices"),
  INT ("training", "threads", 0, 256, "0", "to train with; 0 = one per core"),

  NUMBER ("noise", "white_sigma_min", 0, 255, "0", "8-bit grey levels"),
  NUMBER ("noise", "white_sigma_max", 0, 255, "55", "8-bit grey levels"),
  NUMBER ("noise", "unclipped_probability", 0, 1, "0.3",
      "share of white noise that is not rounded and clipped to 8 bits"),
  NUMBER ("noise", "grey_probability", 0, 1, "0.25",
      "share of sequences without colour"),
  NUMBER ("noise", "map_jitter", 0, 1, "0.05",
      "relative error of the noise level the network is told"),
  NUMBER ("noise", "camera_probability", 0, 1, "0.25",
      "share of camera-like noise, the rest is white"),
  NUMBER ("noise", "camera_map_jitter", 0, 1, "0.05",
      "the same as map_jitter for camera-like noise, whose level is harder "
      "to find"),
  NUMBER ("noise", "shot_min", 0, 1, "0.0001",
      "photon noise: variance per intensity in linear light"),
  NUMBER ("noise", "shot_max", 0, 1, "0.02", "drawn evenly in the logarithm"),
  NUMBER ("noise", "read_min", 0, 1, "0.0005",
      "signal-independent noise in linear light, standard deviation"),
  NUMBER ("noise", "read_max", 0, 1, "0.03", "drawn evenly in the logarithm"),
  NUMBER ("noise", "correlation_probability", 0, 1, "0.8",
      "share of camera noise smoothed as demosaicing does"),
  NUMBER ("noise", "jpeg_probability", 0, 1, "0.4",
      "share of camera-like pictures that were compressed by blocks"),
  INT ("noise", "jpeg_quality_min", 10, 100, "70", "as libjpeg's"),
  INT ("noise", "jpeg_quality_max", 10, 100, "95", "as libjpeg's"),

  NUMBER ("motion", "max_speed", 0, 64, "8", "luma pixels per frame"),
  NUMBER ("motion", "static_probability", 0, 1, "0.4",
      "share of sequences whose background stands still"),
  NUMBER ("motion", "foreground_probability", 0, 1, "0.35",
      "share of sequences with an object passing over the background"),
  NUMBER ("motion", "still_probability", 0, 1, "0.55",
      "share of sequences of one frame"),
  NUMBER ("motion", "clip_probability", 0, 1, "0.5",
      "share of the other sequences that show a clip as it was, where there "
      "are pictures that follow each other"),
  NUMBER ("motion", "clip_still_probability", 0, 1, "0.2",
      "share of the sequences of one frame that are taken from clips, where "
      "there are single pictures too"),
  INT ("motion", "length_max", 2, 1000, "12", "frames of the other sequences"),
  NUMBER ("motion", "warm_start_probability", 0, 1, "0.3",
      "share of the other sequences that start with an average of many "
      "frames"),

  BOOL ("augment", "flips", "yes", "all eight flips and quarter turns"),
  NUMBER ("augment", "scale_max", 1, 4, "2",
      "pictures are reduced by up to this factor"),
  NUMBER ("augment", "full_size_probability", 0, 1, "0.5",
      "share of sequences cut from the picture as it is"),
  NUMBER ("augment", "brightness", 0, 1, "0.1", "largest shift; 1 = white"),
  NUMBER ("augment", "contrast", 0, 0.9, "0.25", "largest relative change"),
  { 0 }
};

size_t
ae_keys_count (void)
{
  return sizeof ae_keys / sizeof *ae_keys - 1;
}

size_t
ae_keys_find (const char *section, const char *name)
{
  for (size_t i = 0; i < ae_keys_count (); i++)
    if (strcmp (ae_keys[i].section, section) == 0
        && strcmp (ae_keys[i].name, name) == 0)
      return i;
  return SIZE_MAX;
}

/* True when all of `text` (to `end`) is a finite number. */
static bool
read_number (const char *text, double *value)
{
  char *end;
  if (*text == '\0')
    return false;
  *value = ae_number_read (text, &end);
  while (*end == ' ' || *end == '\t')
    end++;
  return *end == '\0' && isfinite (*value);
}

static AeStatus
check_number (const AeKey *key, const char *value, AeError *err)
{
  bool whole = key->kind != AE_KEY_NUMBER;
  double number;
  if (!read_number (value, &number) || (whole && number != floor (number))
      || number < key->min || number > key->max)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[%s] %s is '%s', wanted %s from %g to %g", key->section, key->name,
        value, whole ? "a whole number" : "a number", key->min, key->max);
  return AE_OK;
}

static AeStatus
check_list (const AeKey *key, const char *value, AeError *err)
{
  const char *item = value;
  for (int n = 0; n < AE_KEY_MAX_LIST; n++) {
    size_t length = strcspn (item, ",");
    char text[32] = "";
    if (length < sizeof text)
      memcpy (text, item, length);
    AeStatus status = check_number (key, text, err);
    if (status != AE_OK)
      return ae_fail_prefix (err, status, "list '%s'", value);
    if (item[length] == '\0')
      return AE_OK;
    item += length + 1;
  }
  return ae_fail (err, AE_ERROR_FORMAT,
      "[%s] %s has more than %d items: '%s'", key->section, key->name,
      AE_KEY_MAX_LIST, value);
}

static AeStatus
check_word (
    const AeKey *key, const char *words, const char *value, AeError *err)
{
  size_t length = strlen (value);
  for (const char *w = words; *w;) {
    size_t n = strcspn (w, " ");
    if (n == length && strncasecmp (w, value, n) == 0)
      return AE_OK;
    w += n;
    w += *w == ' ';
  }
  return ae_fail (err, AE_ERROR_FORMAT,
      "[%s] %s is '%s', wanted one of: %s", key->section, key->name, value,
      words);
}

AeStatus
ae_key_check (const AeKey *key, const char *value, AeError *err)
{
  switch (key->kind) {
  case AE_KEY_CHOICE:
    return check_word (key, key->words, value, err);
  case AE_KEY_BOOL:
    return check_word (key, "yes no true false on off 1 0", value, err);
  case AE_KEY_INT:
  case AE_KEY_NUMBER:
    return check_number (key, value, err);
  case AE_KEY_INTS:
    return check_list (key, value, err);
  case AE_KEY_TEXT:
    break;
  }
  return AE_OK;
}

double
ae_key_number (const char *value)
{
  return ae_number_read (value, NULL);
}

bool
ae_key_bool (const char *value)
{
  return strcasecmp (value, "yes") == 0 || strcasecmp (value, "true") == 0
      || strcasecmp (value, "on") == 0 || strcmp (value, "1") == 0;
}

size_t
ae_key_ints (const char *value, int list[AE_KEY_MAX_LIST])
{
  size_t n = 0;
  for (const char *item = value; n < AE_KEY_MAX_LIST;) {
    list[n++] = (int) ae_number_read (item, NULL);
    item += strcspn (item, ",");
    if (*item++ == '\0')
      break;
  }
  return n;
}
