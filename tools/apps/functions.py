# SPDX-License-Identifier: GPL-2.0
"""The applications: eight learners, and one that encrypts and signs.

Each is a class. What is called on it is answer(setup, data): bytes in, bytes
out. setup is empty but in the first call. The same calls give the same answers,
to the bit.

A learner is tested, then trains: in each call it fits its model to the rows
that it remembers, labels the new ones, and then remembers these instead of the
oldest, for they come with their true labels. The answer are the labels it gave.
"""

import base64
import hashlib
import hmac
import importlib

import numpy

SETUP_BYTES = 77_996
DATA_BYTES = 10_000
POINTS = 32
CLASSES = 4
# The set-up holds 590 rows, and a call's data 75; some bytes are to spare.
ROW = numpy.dtype([("x", "<f4", POINTS), ("y", "<i4")])
SETUP_ROWS = SETUP_BYTES // ROW.itemsize
DATA_ROWS = DATA_BYTES // ROW.itemsize
SEED = 2022


class BadRequest(Exception):
    """The caller's fault; its text goes back to it."""


def unpack(data, rows, what):
    """Return the rows in data."""
    if len(data) < rows * ROW.itemsize:
        raise BadRequest(f"{what} of {len(data)} bytes is too short")
    table = numpy.frombuffer(data, ROW, rows)
    if not numpy.isfinite(table["x"]).all() or \
            not ((table["y"] >= 0) & (table["y"] < CLASSES)).all():
        raise BadRequest(f"{what} holds what is no sample")
    return table


class Learner:
    """What the eight have in common."""

    def __init__(self):
        self.table = None

    def answer(self, setup, data):
        """Train, label the new rows, remember them."""
        if setup:
            self.table = unpack(setup, SETUP_ROWS, "a set-up")
        if self.table is None:
            raise BadRequest("the first call must bring the set-up")
        new = unpack(data, DATA_ROWS, "data")
        labels = self.learn(self.table["x"].astype("f8"), self.table["y"],
                            new["x"].astype("f8"))
        self.table = numpy.concatenate((self.table[len(new):], new))
        return labels.astype("<i4").tobytes()

    def learn(self, points, labels, new):
        """Return labels of the new points, from those of points."""
        raise NotImplementedError


class Library(Learner):
    """A learner of scikit-learn, which chooses among values of one of its
    parameters by cross-validation, if it has several."""
    MODULE = CLASS = ""
    FIXED = {}
    GRID = {}

    def __init__(self):
        super().__init__()
        module = importlib.import_module(f"sklearn.{self.MODULE}")
        self.model = getattr(module, self.CLASS)(**self.FIXED)
        if self.GRID:
            selection = importlib.import_module("sklearn.model_selection")
            self.model = selection.GridSearchCV(self.model, self.GRID, cv=2)

    def learn(self, points, labels, new):
        return self.model.fit(points, labels).predict(new)


class Svm(Library):
    """Support vector machine with a radial kernel."""
    MODULE, CLASS = "svm", "SVC"
    FIXED = {"C": 1.0, "gamma": 0.05}


class Knn(Library):
    """Nearest neighbours."""
    MODULE, CLASS = "neighbors", "KNeighborsClassifier"
    FIXED = {"algorithm": "brute"}
    GRID = {"n_neighbors": (5, 15)}


class Ann(Library):
    """Neural network with one hidden layer."""
    MODULE, CLASS = "neural_network", "MLPClassifier"
    FIXED = {"hidden_layer_sizes": (16,), "solver": "lbfgs", "max_iter": 60,
             "alpha": 1.0, "random_state": SEED, "tol": 1e-2}


class Tree(Library):
    """Decision tree."""
    MODULE, CLASS = "tree", "DecisionTreeClassifier"
    FIXED = {"random_state": SEED, "max_depth": 8}


class Forest(Library):
    """Random forest."""
    MODULE, CLASS = "ensemble", "RandomForestClassifier"
    FIXED = {"n_estimators": 8, "max_depth": 8, "random_state": SEED}


class Logistic(Library):
    """Logistic regression."""
    MODULE, CLASS = "linear_model", "LogisticRegression"
    FIXED = {"max_iter": 200, "C": 0.1}


class Bayes(Library):
    """Naive Bayes."""
    MODULE, CLASS = "naive_bayes", "GaussianNB"
    GRID = {"var_smoothing": (1e-9, 1e-6, 1e-3, 1e-1)}


class Rnn(Learner):
    """Recurrent neural network, after Elman: a row is a series in time, of
    which it sees a few points at once. It keeps its weights, and each call
    trains them further."""
    UNITS = 12
    TIMES = 8
    FIRST_EPOCHS, EPOCHS = 24, 3
    RATE = 0.02
    BATCH = 295

    def __init__(self):
        super().__init__()
        random = numpy.random.RandomState(SEED)
        self.weights = [random.normal(0, 0.3, shape) for shape in (
            (POINTS // self.TIMES, self.UNITS), (self.UNITS, self.UNITS),
            (1, self.UNITS), (self.UNITS, CLASSES), (1, CLASSES))]
        self.moments = [(numpy.zeros_like(w), numpy.zeros_like(w))
                        for w in self.weights]
        self.steps = 0

    def forward(self, series):
        """Return all hidden states and the classes' probabilities."""
        into, loop, bias, out, out_bias = self.weights
        states = [numpy.zeros((len(series[0]), self.UNITS))]
        for points in series:
            states.append(numpy.tanh(points @ into + states[-1] @ loop + bias))
        scores = states[-1] @ out + out_bias
        scores = numpy.exp(scores - scores.max(axis=1, keepdims=True))
        return states, scores / scores.sum(axis=1, keepdims=True)

    def gradients(self, series, labels):
        """Return those of the cross-entropy, back through time."""
        states, chances = self.forward(series)
        _, loop, _, out, _ = self.weights
        error = (chances - numpy.eye(CLASSES)[labels]) / len(labels)
        grad = [numpy.zeros_like(w) for w in self.weights]
        grad[3] = states[-1].T @ error
        grad[4] = error.sum(axis=0, keepdims=True)
        back = error @ out.T
        for at in reversed(range(self.TIMES)):
            inner = back * (1 - states[at + 1] ** 2)
            grad[0] += series[at].T @ inner
            grad[1] += states[at].T @ inner
            grad[2] += inner.sum(axis=0, keepdims=True)
            back = inner @ loop.T
        return grad

    def step(self, grad):
        """Change the weights, after Adam."""
        self.steps += 1
        for weight, (one, two), slope in zip(self.weights, self.moments, grad):
            one += 0.1 * (slope - one)
            two += 0.001 * (slope ** 2 - two)
            weight -= self.RATE * (one / (1 - 0.9 ** self.steps)) / (
                numpy.sqrt(two / (1 - 0.999 ** self.steps)) + 1e-8)

    def learn(self, points, labels, new):
        def in_time(rows):
            return numpy.ascontiguousarray(rows.reshape(
                len(rows), self.TIMES, -1).swapaxes(0, 1))

        series = in_time(points)
        for _ in range(self.EPOCHS if self.steps else self.FIRST_EPOCHS):
            for at in range(0, len(points), self.BATCH):
                part = slice(at, at + self.BATCH)
                self.step(self.gradients(series[:, part], labels[part]))
        return self.forward(in_time(new))[1].argmax(axis=1)


class EncryptSign:
    """AES-256 in CBC mode and HMAC-SHA-512 of what comes, in Base64. The keys
    are derived from the set-up."""

    def __init__(self):
        # The client checks with the standard library and by decrypting.
        self.ciphers = importlib.import_module(
            "cryptography.hazmat.primitives.ciphers")
        self.keys = None
        self.calls = 0

    @staticmethod
    def derive(setup):
        """Return the keys to encrypt and to sign with."""
        return (hashlib.sha256(b"encrypt" + setup).digest(),
                hashlib.sha512(b"sign" + setup).digest())

    @staticmethod
    def vector(keys, number):
        """Return the initialisation vector of a call."""
        return hmac.digest(keys[1], b"vector %d" % number, "sha512")[:16]

    def cipher(self, key, vector):
        """Return the cipher of the library."""
        return self.ciphers.Cipher(self.ciphers.algorithms.AES(key),
                                   self.ciphers.modes.CBC(vector))

    def answer(self, setup, data):
        """Encrypt, sign."""
        if setup:
            self.keys, self.calls = self.derive(setup), 0
        if not self.keys:
            raise BadRequest("the first call must bring the set-up")
        if len(data) != DATA_BYTES:
            raise BadRequest(f"data of {len(data)} bytes, not {DATA_BYTES}")
        fill = 16 - len(data) % 16
        vector = self.vector(self.keys, self.calls)
        self.calls += 1
        with_key = self.cipher(self.keys[0], vector).encryptor()
        sealed = with_key.update(data + bytes([fill]) * fill)
        sealed += with_key.finalize()
        return base64.b64encode(sealed) + base64.b64encode(
            hmac.digest(self.keys[1], sealed, "sha512"))


FUNCTIONS = {
    "svm": Svm, "knn": Knn, "ann": Ann, "tree": Tree, "forest": Forest,
    "logistic": Logistic, "bayes": Bayes, "rnn": Rnn,
    "encrypt-sign": EncryptSign,
}
