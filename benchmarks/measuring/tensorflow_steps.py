"""TensorFlow's time for training steps of FCN-8s on the CPU, to compare with: reads one JSON object, prints seconds.

It runs by itself, with the packages of tensorflow.requirements in PYTHONPATH and without the rest of the environment:
`python3 -S benchmarks/measuring/tensorflow_steps.py '{"width": 0.25, ...}'`. The net is that of prototxt/fcn.py with
padding "same": VGG16's blocks, fc6 and fc7 as convolutions, skips from pool4 and pool3, fixed bilinear upsampling. The
loss is the softmax loss over random labels, the optimiser Adam.

Keys: width, classes, dropout, height, width_of_image, batch, base_lr, weight_decay, threads, warm_up, iterations.
"""

import json
import os
import sys
import time

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
FULLY_CONNECTED = 4096


def build_net(tf, settings):
    """Return (variables of the net, a function from images (N, H, W, 3) to scores (N, H, W, K))."""
    variables, generator = [], tf.random.Generator.from_seed(0)

    def convolution(kernel, inputs, outputs):
        deviation = (2 / (kernel * kernel * inputs)) ** 0.5
        weights = tf.Variable(generator.normal((kernel, kernel, inputs, outputs), stddev=deviation))
        bias = tf.Variable(tf.zeros(outputs))
        variables.extend([weights, bias])
        return lambda images: tf.nn.bias_add(tf.nn.conv2d(images, weights, 1, "SAME"), bias)

    def channels(full):
        return max(1, round(full * settings["width"]))

    blocks, inputs = [], 3
    for full, count in BLOCKS:
        blocks.append([])
        for _ in range(count):
            blocks[-1].append(convolution(3, inputs, channels(full)))
            inputs = channels(full)
    fc6, fc7 = convolution(7, inputs, channels(FULLY_CONNECTED)), convolution(1, *2 * [channels(FULLY_CONNECTED)])
    classes = settings["classes"]
    scores = {5: convolution(1, channels(FULLY_CONNECTED), classes), 4: convolution(1, channels(512), classes),
              3: convolution(1, channels(256), classes)}

    def upsample(coarse, factor, like):
        places = (1 - abs((tf.range(2 * factor, dtype=tf.float32) + 0.5) / factor - 1))
        kernel = (places[:, None] * places[None, :])[:, :, None, None] * tf.eye(classes)
        shape = tf.shape(coarse)
        size = tf.stack([shape[0], factor * shape[1], factor * shape[2], classes])
        large = tf.nn.conv2d_transpose(coarse, kernel, size, factor, "SAME")
        return large[:, :tf.shape(like)[1], :tf.shape(like)[2]]

    def net(images):
        pools, values = {}, images
        for number, block in enumerate(blocks, start=1):
            for layer in block:
                values = tf.nn.relu(layer(values))
            pools[number] = values = tf.nn.max_pool2d(values, 2, 2, "SAME")
        for layer in (fc6, fc7):
            values = tf.nn.dropout(tf.nn.relu(layer(values)), settings["dropout"])
        coarse = scores[5](values)
        for number in (4, 3):
            coarse = upsample(coarse, 2, pools[number]) + scores[number](pools[number])
        return upsample(coarse, 8, images)

    return variables, net


def time_steps(settings):
    """Return the seconds of each timed step."""
    import numpy as np
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(settings["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(1)
    variables, net = build_net(tf, settings)
    optimiser = tf.keras.optimizers.Adam(settings["base_lr"])
    shape = (settings["batch"], settings["height"], settings["width_of_image"])
    random = np.random.default_rng(0)
    images = tf.constant(random.normal(0, 50, (*shape, 3)).astype(np.float32))
    labels = tf.constant(random.integers(0, settings["classes"], shape))

    @tf.function(jit_compile=False)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, net(images)))
        gradients = tape.gradient(loss, variables)
        gradients = [gradient + settings["weight_decay"] * variable if len(variable.shape) == 4 else gradient
                     for gradient, variable in zip(gradients, variables)]
        optimiser.apply_gradients(zip(gradients, variables))
        return loss

    seconds = []
    for _ in range(settings["warm_up"] + settings["iterations"]):
        began = time.perf_counter()
        step().numpy()
        seconds.append(time.perf_counter() - began)
    return seconds[settings["warm_up"]:]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["OMP_NUM_THREADS"] = str(json.loads(sys.argv[1])["threads"])
    print(json.dumps(time_steps(json.loads(sys.argv[1]))))
