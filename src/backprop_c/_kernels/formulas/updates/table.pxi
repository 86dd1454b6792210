# The table of update rules. Each is a formula on lanes, which makes a parameter's new value of its
# old one, the gradient and the rule's states, and a function that names it and the loop that
# applies it to a range. `prepare` turns hyperparameters, in the order of the entry, into the
# scalars that the formula reads, once a step; `scale` divides the summed gradient by the batch's
# weight. Parameters are followed by the rule's state vectors, each `stride` numbers on. What has no
# such formula makes its steps in another way, of which the driver knows.

cdef Update[17] UPDATES
UPDATES[0] = Update(
    b"sgd", b"learning_rate momentum nesterov of_steps weight_decay", 0, 0, NULL, sgd_prepare,
    sgd_update)
UPDATES[1] = Update(
    b"momentum", b"learning_rate momentum nesterov of_steps weight_decay", 1, 0, NULL,
    momentum_prepare, momentum_update)
UPDATES[2] = Update(
    b"rmsprop", b"learning_rate beta_2 epsilon momentum centred weight_decay", 1, 0, NULL,
    rmsprop_prepare, rmsprop_update)
UPDATES[3] = Update(
    b"rmsprop_momentum", b"learning_rate beta_2 epsilon momentum centred weight_decay", 2, 0, NULL,
    rmsprop_prepare, rmsprop_momentum_update)
UPDATES[4] = Update(
    b"centred_rmsprop", b"learning_rate beta_2 epsilon momentum centred weight_decay", 2, 0, NULL,
    rmsprop_prepare, centred_rmsprop_update)
UPDATES[5] = Update(
    b"centred_rmsprop_momentum", b"learning_rate beta_2 epsilon momentum centred weight_decay", 3,
    0, NULL, rmsprop_prepare, centred_rmsprop_momentum_update)
UPDATES[6] = Update(
    b"adagrad", b"learning_rate epsilon weight_decay", 1, 0, NULL, adagrad_prepare, adagrad_update)
UPDATES[7] = Update(
    b"adadelta", b"learning_rate beta_2 epsilon weight_decay", 2, 0, NULL, adadelta_prepare,
    adadelta_update)
UPDATES[8] = Update(
    b"adam", b"learning_rate beta_1 beta_2 epsilon weight_decay amsgrad epsilon_hat", 2, 0, NULL,
    hat_prepare, adam_update)
UPDATES[9] = Update(
    b"amsgrad", b"learning_rate beta_1 beta_2 epsilon weight_decay amsgrad epsilon_hat", 3, 0, NULL,
    hat_prepare, amsgrad_update)
UPDATES[10] = Update(
    b"nadam", b"learning_rate beta_1 beta_2 epsilon weight_decay momentum_decay", 2, 1, nadam_begin,
    nadam_prepare, nadam_update)
UPDATES[11] = Update(
    b"adamax", b"learning_rate beta_1 beta_2 epsilon weight_decay", 2, 0, NULL, adamax_prepare,
    adamax_update)
UPDATES[12] = Update(
    b"lion", b"learning_rate beta_1 beta_2 weight_decay", 1, 0, NULL, lion_prepare, lion_update)
UPDATES[13] = Update(
    b"rprop", b"learning_rate increase decrease smallest largest", 2, 0, rprop_begin, rprop_prepare,
    rprop_update)
UPDATES[14] = Update(
    b"levenberg_marquardt", b"damping gain_ratio increase decrease largest tol", 0, 2,
    damping_begin, NULL, NULL)
UPDATES[15] = Update(
    b"lbfgs", b"memory tol max_line_search loss_tol max_evaluations", 0, 0, NULL, NULL, NULL)
UPDATES[16] = Update(
    b"step_momentum", b"learning_rate momentum nesterov of_steps weight_decay", 1, 0, NULL,
    step_momentum_prepare, momentum_update)
