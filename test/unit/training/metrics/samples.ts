import type { LineFacts } from '../../../../src/training/metrics/line-facts.ts';

/** Lines in the manner of many libraries, and what each tells. */
export interface Sample {
  readonly from: string;
  readonly line: string;
  /** `null` when it must tell nothing. */
  readonly tells: Partial<LineFacts> | null;
}

const ESC = '\u001b';

export const SAMPLES: readonly Sample[] = [
  {
    from: 'key=value',
    line: 'step=10 total_steps=600 epoch=1 loss=0.5 val/acc=0.91 lr=1e-3',
    tells: {
      kind: 'pairs',
      metrics: [['loss', 0.5], ['val/acc', 0.91], ['lr', 0.001]],
      step: 10,
      totalSteps: 600,
      epoch: 1,
    },
  },
  {
    from: 'a logger with key: value',
    line:
      '2026-01-15 12:00:00,123 - INFO - epoch: 3 step: 1200 lr: 1.00e-04 ' +
      'loss: .123, wer: 12.5%',
    tells: { metrics: [['lr', 0.0001], ['loss', 0.123], ['wer', 12.5]], step: 1200, epoch: 3 },
  },
  {
    from: 'names of two words',
    line: '[Epoch 2] Train Loss: 0.3 | Val Acc: 0.9',
    tells: { metrics: [['Train_Loss', 0.3], ['Val_Acc', 0.9]], epoch: 2 },
  },
  {
    from: 'a small GPT loop',
    line: 'iter 10: loss 3.2145, time 5.12ms, mfu 2.50%',
    tells: { metrics: [['loss', 3.2145]], step: 10 },
  },
  {
    from: 'a small GPT evaluation',
    line: 'step 250: train loss 2.1043, val loss 2.2010',
    tells: { metrics: [['train_loss', 2.1043], ['val_loss', 2.201]], step: 250 },
  },
  {
    from: 'a PyTorch MNIST loop',
    line: 'Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.283521',
    tells: {
      metrics: [['Loss', 2.283521]],
      epoch: 1,
      bar: { at: 640, total: 60_000, training: true },
    },
  },
  {
    from: 'a PyTorch ImageNet loop',
    line:
      'Epoch: [0][ 10/391]\tTime  0.108 ( 0.250)\tLoss 4.6e+00 (5.0e+00)\t' +
      'Acc@1  10.00 (  9.80)',
    tells: {
      metrics: [['Loss', 4.6], ['Acc@1', 10]],
      epoch: 0,
      bar: { at: 10, total: 391, training: true },
    },
  },
  {
    from: 'a PyTorch tutorial',
    line: 'Epoch [2/5], Step [100/600], Loss: 0.3124',
    tells: {
      metrics: [['Loss', 0.3124]],
      epoch: 2,
      totalEpochs: 5,
      step: null,
      bar: { at: 100, total: 600, training: true },
    },
  },
  {
    from: 'a printed tensor',
    line: "loss: tensor(0.4321, device='cuda:0', grad_fn=<NllLossBackward0>)",
    tells: { metrics: [['loss', 0.4321]] },
  },
  {
    from: 'the Hugging Face Trainer',
    line: "{'loss': 0.5, 'grad_norm': 1.25, 'learning_rate': 5e-05, 'epoch': 0.04}",
    tells: {
      kind: 'dict',
      metrics: [['loss', 0.5], ['grad_norm', 1.25], ['learning_rate', 0.00005]],
      epoch: 0.04,
    },
  },
  {
    from: 'a dict with NumPy numbers, texts and NaN',
    line: "{'loss': nan, 'eval_f1': np.float64(0.25), 'learning_rate': '5e-05', 'name': 'x'}",
    tells: { metrics: [['loss', NaN], ['eval_f1', 0.25], ['learning_rate', 0.00005]] },
  },
  {
    from: 'the bare tqdm bar of a trainer',
    line: '  4%|▍         | 20/500 [00:03<01:12,  6.62it/s]',
    tells: { metrics: [], bar: { at: 20, total: 500, training: true } },
  },
  {
    from: 'a tqdm bar with values',
    line: 'train: 100%|██████████| 500/500 [01:12<00:00,  6.9it/s, loss=0.123, acc=0.9]',
    tells: {
      metrics: [['loss', 0.123], ['acc', 0.9]],
      bar: { at: 500, total: 500, training: true },
    },
  },
  {
    from: 'a tqdm bar with the value in front',
    line: 'loss: 0.345:  50%|█████     | 5/10 [00:00<00:00, 99.9it/s]',
    tells: { metrics: [['loss', 0.345]], bar: { at: 5, total: 10, training: true } },
  },
  {
    from: 'the Lightning bar',
    line: 'Epoch 0:  50%|█████     | 50/100 [00:01<00:01, 49.9it/s, v_num=0, train_loss=2.300]',
    tells: {
      metrics: [['train_loss', 2.3]],
      epoch: 0,
      bar: { at: 50, total: 100, training: true },
    },
  },
  {
    from: 'the Lightning bar that names the last epoch',
    line: 'Epoch 2/9:  50%|█████     | 50/100 [00:01<00:01, 49.9it/s, v_num=0, train_loss=2.3]',
    tells: {
      metrics: [['train_loss', 2.3]],
      epoch: 2,
      firstEpoch: 0,
      totalEpochs: 10,
      bar: { at: 50, total: 100, training: true },
    },
  },
  {
    from: 'the other Lightning bar',
    line: 'Epoch 2/9 ━━━━━━━━╸━━━━━━━ 50/100 0:00:10 • 0:00:12 4.31it/s v_num: 0 train_loss: 2.3',
    tells: {
      metrics: [['train_loss', 2.3]],
      epoch: 2,
      firstEpoch: 0,
      totalEpochs: 10,
      bar: { at: 50, total: 100, training: true },
    },
  },
  {
    from: 'a bar of 1-based epochs',
    line: 'Epoch 2/9:  50%|█████     | 50/100 [00:01<00:01, 49.9it/s, loss=2.3]',
    tells: { epoch: 2, totalEpochs: 9, bar: { at: 50, total: 100, training: true } },
  },
  {
    from: 'a bar in a format of its own',
    line: 'Epoch 0:  45%|████▌     | 45/100, loss=0.3',
    tells: { metrics: [['loss', 0.3]], epoch: 0, bar: { at: 45, total: 100, training: true } },
  },
  {
    from: 'an installer that draws the same strokes',
    line: '━━━━━━━━━━━━━━━━━━━━╸━━━━━━━ 12/100 MB 0:00:10',
    tells: null,
  },
  {
    from: 'the Lightning validation bar',
    line: 'Validation DataLoader 0:  50%|█████     | 5/10 [00:00<00:00, 99.9it/s]',
    tells: { metrics: [], bar: { at: 5, total: 10, training: false } },
  },
  {
    from: 'a download bar',
    line: '100%|██████████| 9912422/9912422 [00:00<00:00, 12.1MB/s]',
    tells: { metrics: [], bar: { at: 9_912_422, total: 9_912_422, training: false } },
  },
  {
    from: 'Keras 2',
    line: ' 12/100 [==>...........................] - ETA: 3s - loss: 0.3021 - accuracy: 0.9012',
    tells: {
      metrics: [['loss', 0.3021], ['accuracy', 0.9012]],
      bar: { at: 12, total: 100, training: true },
    },
  },
  {
    from: 'Keras 3 in colours',
    line:
      `${ESC}[1m12/100${ESC}[0m ${ESC}[32m━━${ESC}[0m${ESC}[37m━━━━━━━━━━━━━━━━━━${ESC}[0m ` +
      `${ESC}[1m3s${ESC}[0m 31ms/step - accuracy: 0.1034 - loss: 2.3021`,
    tells: {
      metrics: [['accuracy', 0.1034], ['loss', 2.3021]],
      bar: { at: 12, total: 100, training: true },
    },
  },
  { from: 'the Keras headline', line: 'Epoch 3/10', tells: { epoch: 3, totalEpochs: 10 } },
  {
    from: 'an OpenMMLab loop',
    line: '01/15 12:00:00 - INFO - Iter(train) [  50/1000]  lr: 1.0000e-04  eta: 0:10  loss: 2.3',
    tells: { metrics: [['lr', 0.0001], ['loss', 2.3]], step: 50, totalSteps: 1000 },
  },
  {
    from: 'an OpenMMLab loop by epochs',
    line: 'Epoch(train)  [3][ 50/391]  lr: 1.0000e-04  loss: 2.3',
    tells: { epoch: 3, bar: { at: 50, total: 391, training: true }, step: null },
  },
  {
    from: 'a Megatron loop',
    line:
      ' iteration      100/  500000 | consumed samples:   25600 | learning rate: 1.500E-04 | ' +
      'lm loss: 9.123E+00 | loss scale: 1.0 | grad norm: 1.2 |',
    tells: {
      metrics: [['learning_rate', 0.00015], ['loss', 9.123], ['grad_norm', 1.2]],
      step: 100,
      totalSteps: 500_000,
    },
  },
  {
    from: 'a PyTorch language model',
    line: '| epoch   1 |   200/ 2983 batches | lr 5.00 | ms/batch 15.1 | loss  8.07 | ppl  3200.1',
    tells: {
      metrics: [['lr', 5], ['loss', 8.07], ['ppl', 3200.1]],
      epoch: 1,
      bar: { at: 200, total: 2983, training: true },
    },
  },
  {
    from: 'thousands set off by commas',
    line: 'step 1,200/18,000 | perplexity: 1,234.5 | tokens/s: 12,345',
    tells: {
      metrics: [['perplexity', 1234.5], ['tokens/s', 12_345]],
      step: 1200,
      totalSteps: 18_000,
    },
  },
  { from: 'a comma for the decimal point, which is ambiguous', line: 'loss: 0,512', tells: null },
  {
    from: 'gradient boosting',
    line: '[0]\ttrain-rmse:0.53210\teval-auc:0.6',
    tells: { metrics: [['train-rmse', 0.5321], ['eval-auc', 0.6]] },
  },
  {
    from: 'a table of reinforcement learning',
    line: '|    ep_rew_mean     | 21.5     |',
    tells: { metrics: [['ep_rew_mean', 21.5]] },
  },
  {
    from: 'JSON of whatever program',
    line: '{"epoch": 2, "train": {"loss": 0.5}, "valid": {"acc": 0.9}, "time": 12345, "pid": 7}',
    tells: { kind: 'json', metrics: [['train/loss', 0.5], ['valid/acc', 0.9]], epoch: 2 },
  },
  {
    from: "Python's json with NaN",
    line: '{"loss": NaN, "val_loss": -Infinity, "step": 3, "note": "NaN, seen"}',
    tells: { metrics: [['loss', NaN], ['val_loss', -Infinity]], step: 3 },
  },
  {
    from: 'detection, weak names in company',
    line: 'mAP50: 0.512 precision: 0.8 recall: 0.7',
    tells: { metrics: [['mAP50', 0.512], ['precision', 0.8], ['recall', 0.7]] },
  },
  {
    from: 'a total announced beforehand',
    line: '  Total optimization steps = 1,500',
    tells: { metrics: [], totalSteps: 1500 },
  },
  { from: 'a setting', line: 'precision: 16', tells: null },
  { from: 'settings', line: 'loss_fn: 1 batch_size=32 loss_scale=1024', tells: null },
  { from: 'a command line', line: '+ python train.py --lr 0.001 --epochs 10', tells: null },
  { from: 'an error', line: 'error: 404 not found', tells: null },
  { from: 'a path', line: 'writing /runs/loss=3/model.pt', tells: null },
  { from: 'a fraction', line: 'accuracy: 9832/10000', tells: null },
  { from: 'prose', line: 'the accuracy of 3 models, step 2 of 5', tells: null },
  { from: 'a build step', line: 'Step 2/5: installing packages', tells: null },
  { from: 'a broken number', line: 'loss: 0.5.1 loss=3abc', tells: null },
  { from: 'an empty object', line: '{}', tells: null },
  { from: 'a brace of other things', line: '{ loss }', tells: null },
];
